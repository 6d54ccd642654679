/**
 * Fetches a file, tells how far it is, and hands it over only if it is what it should be. A connection that breaks is taken up again
 * where it broke, and a server that is busy is asked again.
 */

import { aborted, ModelIntegrityError, ModelUnavailableError } from "./errors.js";
import { platform } from "./platform.js";
import type { MakeRoom, Room } from "./room.js";

/** What a file must be. */
export interface Expected {
  /** Its name, for errors. */
  file: string;
  /** Its size; `null` if unknown. */
  bytes: number | null;
  /** `null` if whoever asks for the file doesn't know it, or sees to it. */
  sha256: string | null;
}

/** How often and how soon a server is asked again. */
export interface Patience {
  /** Times in a row without anything new. */
  times: number;
  /** Milliseconds before the first of them; twice as long before each further one. */
  pause: number;
  /** Milliseconds without a byte after which a connection is taken for broken. */
  stall: number;
}

/** Some eight seconds in all. */
export const patience: Patience = { times: 4, pause: 500, stall: 30_000 };

/** How to go about a download. */
export interface DownloadOptions<R extends Room> extends ReadOptions<R> {
  cache: RequestCache;
  patience: Patience;
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

/** Answers after which the same may be asked once more. */
const busy = [408, 425, 429, 500, 502, 503, 504];

/** However long a server wants to be left alone, in milliseconds. */
const longestPause = 30_000;

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
    const first = await request(url, 0, options);
    file = await Arrival.begin(first, expected, options);
    let broken = await file.pour(first, patience.stall);
    for (let failures = 1; broken; ) {
      if (failures > patience.times) throw broken;
      await pause(patience.pause * 2 ** (failures - 1), signal);
      const before = file.loaded;
      try {
        broken = await file.pour(await request(url, before, options), patience.stall);
      } catch (error) {
        // What can't be had now may be had a little later.
        if (signal.aborted || !(error instanceof ModelUnavailableError)) throw error;
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

  private constructor(
    readonly room: R,
    readonly expected: Expected,
    readonly total: number | undefined,
    readonly options: ReadOptions<R>,
  ) {}

  static async begin<R extends Room>(response: Response, expected: Expected, options: ReadOptions<R>): Promise<Arrival<R>> {
    const total = expected.bytes ?? announced(response);
    options.onBytes(0, total);
    return new Arrival(await options.makeRoom(total ?? 0), expected, total, options);
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
        const whole = this.total === undefined ? "the whole file" : `${this.total} bytes`;
        return differs(this.expected, whole, `${this.loaded} bytes, then the connection broke`, cause);
      }
      if (!part) return null;
      const fresh = part.subarray(Math.min(skip, part.length));
      skip -= part.length - fresh.length;
      if (fresh.length === 0) continue;
      const { bytes } = this.expected;
      if (bytes !== null && this.loaded + fresh.length > bytes) {
        await reader?.cancel();
        throw differs(this.expected, `${bytes} bytes`, "more");
      }
      this.room.append(fresh);
      this.loaded += fresh.length;
      this.options.onBytes(this.loaded, this.total);
    }
  }

  async end(): Promise<Arrived<R>> {
    await verify(this.room, this.loaded, this.expected);
    this.options.signal.throwIfAborted();
    return { room: this.room, bytes: this.loaded };
  }

  free(): void {
    this.room.free();
  }
}

/** The answer of a server, from byte `from` on if it can; asked again while it is busy. */
async function request<R extends Room>(url: string, from: number, options: DownloadOptions<R>): Promise<Response> {
  const { cache, signal, patience } = options;
  for (let failures = 1; ; failures++) {
    const response = await ask(url, from, cache, signal);
    const { status } = response;
    if (response.ok) {
      // Hosts of single-page applications answer every unknown address with the page itself.
      if (!response.headers.get("content-type")?.startsWith("text/html")) return response;
      await response.body?.cancel();
      throw new ModelUnavailableError(
        `${url} answered with a web page, as some hosts do for files that they don't have. Put the file there, or set modelsUrl to where it is.`,
        { url, status, missing: true },
      );
    }
    await response.body?.cancel();
    // There is nothing from there on: so the file is another than it was, and what arrives will be refused.
    if (status === 416 && from > 0) return request(url, 0, options);
    if (!busy.includes(status) || failures > patience.times) {
      const missing = status === 404 || status === 410;
      const remedy = missing
        ? "Put the file there, or set modelsUrl (hubUrl for original weights) to where it is."
        : "Try again later, or look at the server's log.";
      throw new ModelUnavailableError(`${url} answered with HTTP ${status}. ${remedy}`, { url, status, missing });
    }
    const wanted = 1000 * Number(response.headers.get("retry-after") ?? 0);
    await pause(Math.min(Math.max(patience.pause * 2 ** (failures - 1), wanted || 0), longestPause), signal);
  }
}

async function ask(url: string, from: number, cache: RequestCache, signal: AbortSignal): Promise<Response> {
  try {
    return await platform.fetch(url, { cache, signal, ...(from > 0 && { headers: { range: `bytes=${from}-` } }) });
  } catch (cause) {
    throw new ModelUnavailableError(
      `${url} could not be fetched (${String(cause)}). Check the connection, that the Content-Security-Policy's ` +
        "connect-src allows this address, and that its server allows other sites' pages (CORS) if it isn't your own.",
      { url },
      { cause },
    );
  }
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

/** Waits, unless it is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
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
