/** Rooms in the engine's memory. */

import type { Converter, FileBuffer } from "../wasm/tabrank.js";
import type { Bytes, Digest, Whole } from "./room.js";
import type { ConverterRoom } from "./supply.js";

/** A file where the engine takes it up. */
export class EngineRoom implements Whole {
  readonly buffer: FileBuffer;
  readonly #digest: Digest;

  constructor(buffer: FileBuffer, digest: Digest) {
    this.buffer = buffer;
    this.#digest = digest;
  }

  append(part: Uint8Array): void {
    this.buffer.append(part);
  }

  view(): Bytes {
    return this.buffer.view();
  }

  sha256(): Promise<string> {
    return this.#digest(this.view());
  }

  free(): void {
    release(this.buffer);
  }
}

/** A checkpoint's weights, of which only what becomes of them is kept. */
export class ConvertingRoom implements ConverterRoom {
  readonly #converter: Converter;
  readonly #digest: Digest;

  constructor(converter: Converter, digest: Digest) {
    this.#converter = converter;
    this.#digest = digest;
  }

  append(part: Uint8Array): void {
    this.#converter.append(part);
  }

  async sha256(): Promise<string> {
    return this.#converter.sha256();
  }

  finish(): EngineRoom {
    return new EngineRoom(this.#converter.finish(), this.#digest);
  }

  free(): void {
    release(this.#converter);
  }
}

/** After a trap in the middle of something the engine doesn't let go of it; then that error counts, and not this one. */
function release(thing: { free(): void }): void {
  try {
    thing.free();
  } catch {
    // The engine ends with its worker.
  }
}
