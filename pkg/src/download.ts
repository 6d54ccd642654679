/** Fetches a file, tells how far it is, and hands it over only if it is what it should be. */

import { aborted, ModelIntegrityError, ModelUnavailableError } from "./errors.js";

/** A file's content. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Where a file's bytes are gathered. */
export interface Room {
  append(part: Uint8Array): void;
  /** All bytes so far. To be read at once: when more are added or the engine is used, it may become empty. */
  view(): Bytes;
  /** Gives the memory back; nothing may be done with the room any more. */
  free(): void;
}

/** Makes room for a file of so many bytes, or of more where the size isn't known. */
export type MakeRoom = (bytes: number) => Promise<Room>;

/** Computes a SHA-256 in hexadecimal. */
export type Digest = (bytes: Bytes) => Promise<string>;

/** What a file must be. */
export interface Expected {
  /** Its name, for errors. */
  file: string;
  /** Its size; `null` if unknown. */
  bytes: number | null;
  sha256: string;
}

/** How to go about a download. */
export interface DownloadOptions {
  cache: RequestCache;
  digest: Digest;
  makeRoom: MakeRoom;
  signal: AbortSignal;
  /** Bytes so far and in all, the latter if known. The first call comes before the first byte. */
  onBytes(loaded: number, total: number | undefined): void;
}

const again = "Load again; if it happens again, replace the file on the server. Nothing of it was loaded or kept.";

/** Room in the worker's own memory, for what the engine doesn't keep. */
export class HeapRoom implements Room {
  #bytes: Bytes;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
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

  free(): void {
    this.#bytes = new Uint8Array();
    this.#length = 0;
  }
}

/**
 * Fetches a file whose hash is known.
 *
 * @throws {@link ModelUnavailableError} if the server doesn't give it, {@link ModelIntegrityError} if what arrives is
 * another file or only a part of it.
 */
export async function download(url: string, expected: Expected, options: DownloadOptions): Promise<Room> {
  const { signal } = options;
  try {
    return await readVerified(await request(url, options), expected, options);
  } catch (error) {
    // Whatever an abort looks like from inside fetch, to the caller it is one thing.
    if (signal.aborted) throw aborted(signal);
    throw error;
  }
}

/** Reads a body and checks it. If anything goes wrong, its room is given back. */
export async function readVerified(
  response: Response,
  expected: Expected,
  options: Pick<DownloadOptions, "digest" | "makeRoom" | "onBytes" | "signal">,
): Promise<Room> {
  const total = expected.bytes ?? announced(response);
  options.onBytes(0, total);
  const room = await options.makeRoom(total ?? 0);
  try {
    await read(response, room, total, expected, options);
    await verify(room.view(), expected, options.digest);
    options.signal.throwIfAborted();
    return room;
  } catch (error) {
    room.free();
    throw error;
  }
}

/** Checks size and hash. */
export async function verify(bytes: Bytes, expected: Expected, digest: Digest): Promise<void> {
  if (expected.bytes !== null && bytes.length !== expected.bytes) {
    throw differs(expected, `${expected.bytes} bytes`, `${bytes.length} bytes`);
  }
  const found = await digest(bytes);
  if (found !== expected.sha256) throw differs(expected, `SHA-256 ${expected.sha256}`, `SHA-256 ${found}`);
}

async function request(url: string, { cache, signal }: DownloadOptions): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { cache, signal });
  } catch (cause) {
    throw new ModelUnavailableError(
      `${url} could not be fetched (${String(cause)}). Check the connection, that the Content-Security-Policy's ` +
        "connect-src allows this address, and that its server allows other sites' pages (CORS) if it isn't your own.",
      { url },
      { cause },
    );
  }
  const { status } = response;
  if (!response.ok) {
    await response.body?.cancel();
    const missing = status === 404 || status === 410;
    const remedy = missing ? "Put the file there, or set modelsUrl (hubUrl for original weights) to where it is." : "Try again later, or look at the server's log.";
    throw new ModelUnavailableError(`${url} answered with HTTP ${status}. ${remedy}`, { url, status, missing });
  }
  // Hosts of single-page applications answer every unknown address with the page itself.
  if (response.headers.get("content-type")?.startsWith("text/html")) {
    await response.body?.cancel();
    throw new ModelUnavailableError(
      `${url} answered with a web page, as some hosts do for files that they don't have. Put the file there, or set modelsUrl to where it is.`,
      { url, status, missing: true },
    );
  }
  return response;
}

async function read(
  response: Response,
  room: Room,
  total: number | undefined,
  expected: Expected,
  { onBytes }: Pick<DownloadOptions, "onBytes">,
): Promise<void> {
  let loaded = 0;
  // Not a reader into memory of one's own (BYOB), though that would spare some: in Chromium 156 a worker that reads what Cache
  // Storage has in that way now and then stops for good, with no error, and no longer takes messages.
  const reader = response.body?.getReader();
  while (reader) {
    let part: Uint8Array | undefined;
    try {
      part = (await reader.read()).value;
    } catch (cause) {
      const found = `${loaded} bytes, then the connection broke`;
      throw differs(expected, total === undefined ? "the whole file" : `${total} bytes`, found, cause);
    }
    if (!part) break;
    loaded += part.length;
    if (expected.bytes !== null && loaded > expected.bytes) {
      await reader.cancel();
      throw differs(expected, `${expected.bytes} bytes`, "more");
    }
    room.append(part);
    onBytes(loaded, total);
  }
}

/** The size that the server announces; of a compressed transfer it says nothing about the file. */
function announced(response: Response): number | undefined {
  if (response.headers.has("content-encoding")) return undefined;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

function differs({ file }: Expected, expected: string, found: string, cause?: unknown): ModelIntegrityError {
  return new ModelIntegrityError(
    `${file} is not the file that the manifest describes: expected ${expected}, found ${found}. ${again}`,
    { file, expected, found },
    { cause },
  );
}
