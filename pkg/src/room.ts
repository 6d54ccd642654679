/** Where files go as they arrive. */

/** A file's content. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Computes a SHA-256 in hexadecimal. */
export type Digest = (bytes: Bytes) => Promise<string>;

/** What takes a file's bytes. */
export interface Room {
  append(part: Uint8Array): void;
  /** SHA-256 of the bytes so far, in hexadecimal. */
  sha256(): Promise<string>;
  /** Gives the memory back; nothing may be done with the room any more. */
  free(): void;
}

/** A room that has the bytes all together. */
export interface Whole extends Room {
  /** All bytes so far. To be read at once: when more are added or the engine is used, it may become empty. */
  view(): Bytes;
}

/** Makes room for a file of so many bytes, or of more where the size isn't known. */
export type MakeRoom<R extends Room> = (bytes: number) => Promise<R>;

/** Room in the worker's own memory, for what the engine doesn't keep. */
export class HeapRoom implements Whole {
  readonly #digest: Digest;
  #bytes: Bytes;
  #length = 0;

  constructor(capacity: number, digest: Digest) {
    this.#bytes = new Uint8Array(capacity);
    this.#digest = digest;
  }

  append(part: Uint8Array): void {
    const end = this.#length + part.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.view());
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = end;
  }

  view(): Bytes {
    return this.#bytes.subarray(0, this.#length);
  }

  sha256(): Promise<string> {
    return this.#digest(this.view());
  }

  free(): void {
    this.#bytes = new Uint8Array();
    this.#length = 0;
  }
}

/** SHA-256 by the platform, or by `fallback` on pages without a secure context, which have no `crypto.subtle`. */
export function digestWith(fallback: (bytes: Uint8Array) => Promise<string>): Digest {
  return async (bytes) => {
    const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
    return subtle ? hexadecimal(await subtle.digest("SHA-256", bytes)) : fallback(bytes);
  };
}

/** A hash as people write it. */
export function hexadecimal(hash: ArrayBuffer): string {
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
