/**
 * Fetches a file, tells how far it is, and hands it over only if it is what it should be. A connection that breaks is taken up again
 * where it broke, and a server that is busy is asked again.
 */

import { ask, askAgain, delay, isBusy, pause, type Patience } from "./ask.js";
import { aborted, ModelIntegrityError, ModelUnavailableError, type TabrankError } from "./errors.js";
import type { MakeRoom, Room } from "./room.js";
import type { Known } from "./shared.js";

/** What a file must be. */
export interface Expected {
  /** Its name, for errors. */
  file: string;
  /** Its size; `null` if unknown. */
  bytes: number | null;
  /** `null` if whoever asks for the file doesn't know it, or sees to it. */
  sha256: string | null;
}

/** How to go about a download. */
export interface DownloadOptions<R extends Room> extends ReadOptions<R> {
  cache: RequestCache;
  patience: Patience;
  /** Parts of a file of known size and hash that needn't be fetched, in their order. */
  known?: readonly Known[];
}

/** How to read a body. */
export interface ReadOptions<R extends Room> {
  makeRoom: MakeRoom<R>;
  signal: AbortSignal;
  /** Bytes so far and in all, the latter if known. The first call comes before the first byte. */
  onBytes(loaded: number, total: number | undefined): void;
}

/** A file that has arrived. */
export interface Arrived<R extends Room> {
  room: R;
  bytes: number;
}

const again = "Load again; if it happens again, replace the file on the server. Nothing of it was loaded or kept.";

/**
 * Fetches a file.
 *
 * @throws {@link ModelUnavailableError} if the server doesn't give it, {@link ModelIntegrityError} if what arrives is
 * another file or only a part of it.
 */
export async function download<R extends Room>(url: string, expected: Expected, options: DownloadOptions<R>): Promise<Arrived<R>> {
  const { signal, patience } = options;
  let file: Arrival<R> | undefined;
  try {
    const first = await request(url, rangeFrom(0, options.known ?? []), options, askAgain);
    file = await Arrival.begin(first, expected, options, options.known);
    let broken: TabrankError | null = await file.pour(first, patience.stall);
    for (let failures = 1; !file.complete; ) {
      const tookOver = await file.takeOver();
      if (file.complete) break;
      if (!tookOver) {
        if (!broken) break;
        if (failures > patience.times) throw broken;
        await pause(delay(failures, patience), signal);
      }
      const before = file.loaded;
      try {
        broken = await file.pour(await request(url, file.restOf(first), options), patience.stall);
      } catch (error) {
        // What can't be had now may be had a little later, unless the server says otherwise.
        const away = error instanceof ModelUnavailableError && (error.status === undefined || isBusy(error.status));
        if (signal.aborted || !away) throw error;
        broken = error;
      }
      failures = file.loaded > before ? 1 : failures + 1;
    }
    return await file.end();
  } catch (error) {
    file?.free();
    // Whatever an abort looks like from inside fetch, to the caller it is one thing.
    if (signal.aborted) throw aborted(signal);
    throw error;
  }
}

/** Reads a body and checks it. If anything goes wrong, its room is given back. */
export async function readVerified<R extends Room>(response: Response, expected: Expected, options: ReadOptions<R>): Promise<Arrived<R>> {
  const file = await Arrival.begin(response, expected, options);
  try {
    const broken = await file.pour(response);
    if (broken) throw broken;
    return await file.end();
  } catch (error) {
    file.free();
    throw error;
  }
}

/** Checks size and hash of what `room` has. */
export async function verify(room: Room, bytes: number, expected: Expected): Promise<void> {
  if (expected.bytes !== null && bytes !== expected.bytes) {
    throw differs(expected, `${expected.bytes} bytes`, `${bytes} bytes`);
  }
  if (expected.sha256 === null) return;
  const found = await room.sha256();
  if (found !== expected.sha256) throw differs(expected, `SHA-256 ${expected.sha256}`, `SHA-256 ${found}`);
}

/** A file as it arrives, perhaps by several answers. */
class Arrival<R extends Room> {
  loaded = 0;
  #known: Known[];

  private constructor(
    readonly room: R,
    readonly expected: Expected,
    readonly total: number | undefined,
    readonly options: ReadOptions<R>,
    known: readonly Known[],
  ) {
    this.#known = [...known];
  }

  static async begin<R extends Room>(
    response: Response,
    expected: Expected,
    options: ReadOptions<R>,
    known: readonly Known[] = [],
  ): Promise<Arrival<R>> {
    const total = expected.bytes ?? announced(response);
    options.onBytes(0, total);
    return new Arrival(await options.makeRoom(total ?? 0), expected, total, options, known);
  }

  /** Whether everything has arrived, as far as that is known. */
  get complete(): boolean {
    return this.expected.bytes !== null && this.loaded === this.expected.bytes;
  }

  /** How to ask for the rest. A file that can't be checked in the end must still be the one that it was; else it comes anew. */
  restOf(first: Response): Record<string, string> {
    const range = rangeFrom(this.loaded, this.#known);
    if (this.loaded === 0 || this.expected.sha256 !== null) return range;
    const version = first.headers.get("etag") ?? first.headers.get("last-modified");
    return version && !version.startsWith("W/") ? { ...range, "if-range": version } : {};
  }

  /** Where an answer has ended at known parts, puts them in. Whether there were any. */
  async takeOver(): Promise<boolean> {
    for (let found = false; ; found = true) {
      const part = this.#known.find(({ at }) => at === this.loaded);
      if (!part) return found;
      const bytes = await part.take();
      this.options.signal.throwIfAborted();
      // Without it the answers go on to the next one.
      this.#known = this.#known.filter((one) => one !== part);
      if (bytes) this.#add(bytes);
    }
  }

  /** Takes in an answer to its end, or to where the connection breaks: then with the error that this would be. */
  async pour(response: Response, stall?: number): Promise<ModelIntegrityError | null> {
    // A server that doesn't know of ranges begins at the beginning.
    let skip = response.status === 206 ? 0 : this.loaded;
    // Not a reader into memory of one's own (BYOB), though that would spare some: in Chromium 156 a worker that reads what Cache
    // Storage has in that way now and then stops for good, with no error, and no longer takes messages.
    const reader = response.body?.getReader();
    for (;;) {
      let part: Uint8Array | undefined;
      try {
        part = reader && (await next(reader, stall));
      } catch (cause) {
        this.options.signal.throwIfAborted();
        return this.#broken(cause);
      }
      // What begins anew and ends before is another file.
      if (!part) return skip > 0 ? this.#broken() : null;
      const fresh = part.subarray(Math.min(skip, part.length));
      skip -= part.length - fresh.length;
      if (fresh.length === 0) continue;
      const { bytes } = this.expected;
      if (bytes !== null && this.loaded + fresh.length > bytes) {
        await reader?.cancel();
        throw differs(this.expected, `${bytes} bytes`, "more");
      }
      this.#add(fresh);
    }
  }

  #add(fresh: Uint8Array): void {
    this.room.append(fresh);
    this.loaded += fresh.length;
    this.options.onBytes(this.loaded, this.total);
  }

  async end(): Promise<Arrived<R>> {
    await verify(this.room, this.loaded, this.expected);
    this.options.signal.throwIfAborted();
    return { room: this.room, bytes: this.loaded };
  }

  free(): void {
    this.room.free();
  }

  #broken(cause?: unknown): ModelIntegrityError {
    const whole = this.total === undefined ? "the whole file" : `${this.total} bytes`;
    return differs(this.expected, whole, `${this.loaded} bytes, then the connection broke`, cause);
  }
}

/** Asks for what comes from `loaded` on, up to the next known part. */
function rangeFrom(loaded: number, known: readonly Known[]): Record<string, string> {
  const until = known.find(({ at }) => at > loaded);
  return loaded === 0 && !until ? {} : { range: `bytes=${loaded}-${until ? until.at - 1 : ""}` };
}

/** The answer of a server, to be read. */
async function request<R extends Room>(
  url: string,
  headers: Record<string, string>,
  options: DownloadOptions<R>,
  // Where it broke off, the loop around this asks again.
  asking = Object.keys(headers).length > 0 ? ask : askAgain,
): Promise<Response> {
  const ranged = Object.keys(headers).length > 0;
  const response = await asking(url, { ...options, headers });
  const { status } = response;
  // Hosts of single-page applications answer every unknown address with the page itself.
  const page = response.ok && (response.headers.get("content-type")?.startsWith("text/html") ?? false);
  if (response.ok && !page) return response;
  await response.body?.cancel();
  // There is nothing from there on: so the file is another than it was, and what arrives will be refused.
  if (status === 416 && ranged) return request(url, {}, options);
  if (page) {
    throw new ModelUnavailableError(
      `${url} answered with a web page, as some hosts do for files that they don't have. Put the file there, or set modelsUrl to where it is.`,
      { url, status, missing: true },
    );
  }
  const missing = status === 404 || status === 410;
  const remedy = missing
    ? "Put the file there, or set modelsUrl (hubUrl for original weights) to where it is."
    : "Try again later, or look at the server's log.";
  throw new ModelUnavailableError(`${url} answered with HTTP ${status}. ${remedy}`, { url, status, missing });
}

/** The next part of a body, or none at its end. Rejects if it takes longer than `stall` milliseconds. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>, stall: number | undefined): Promise<Uint8Array | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    if (stall === undefined) return;
    timer = setTimeout(() => {
      reject(new Error(`nothing came for ${stall / 1000} seconds`));
      void reader.cancel().catch(() => {});
    }, stall);
  });
  try {
    return (await Promise.race([reader.read(), late])).value;
  } finally {
    clearTimeout(timer);
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
    `${file} is not the file that it should be: expected ${expected}, found ${found}. ${again}`,
    { file, expected, found },
    { cause },
  );
}
