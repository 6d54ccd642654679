/** Fetches a file, tells how far it is, and hands it over only if it is what it should be. */

import { aborted, ModelIntegrityError, ModelUnavailableError } from "./errors.js";

/** A file's content, in memory of its own. */
export type Bytes = Uint8Array<ArrayBuffer>;

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
  signal: AbortSignal;
  /** Bytes so far and in all, the latter if known. The first call comes before the first byte. */
  onBytes(loaded: number, total: number | undefined): void;
}

const again = "Load again; if it happens again, replace the file on the server. Nothing of it was loaded or kept.";

/**
 * Fetches a file whose hash is known.
 *
 * @throws {@link ModelUnavailableError} if the server doesn't give it, {@link ModelIntegrityError} if what arrives is
 * another file or only a part of it.
 */
export async function download(url: string, expected: Expected, options: DownloadOptions): Promise<Bytes> {
  const { signal } = options;
  try {
    const response = await request(url, options);
    const bytes = await read(response, expected, options);
    await verify(bytes, expected, options.digest);
    signal.throwIfAborted();
    return bytes;
  } catch (error) {
    // Whatever an abort looks like from inside fetch, to the caller it is one thing.
    if (signal.aborted) throw aborted(signal);
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

async function read(response: Response, expected: Expected, { onBytes }: DownloadOptions): Promise<Bytes> {
  const total = expected.bytes ?? announced(response);
  onBytes(0, total);
  // Known sizes are read into their place; of unknown ones the chunks are kept until the end.
  const whole = expected.bytes === null ? undefined : new Uint8Array(expected.bytes);
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  while (reader) {
    let part: ReadableStreamReadResult<Uint8Array>;
    try {
      part = await reader.read();
    } catch (cause) {
      const found = `${loaded} bytes, then the connection broke`;
      throw differs(expected, total === undefined ? "the whole file" : `${total} bytes`, found, cause);
    }
    if (part.done) break;
    const { value } = part;
    if (whole && loaded + value.length > whole.length) {
      await reader.cancel();
      throw differs(expected, `${whole.length} bytes`, "more");
    }
    if (whole) whole.set(value, loaded);
    else chunks.push(value);
    loaded += value.length;
    onBytes(loaded, total);
  }
  if (whole) return whole.subarray(0, loaded);
  const joined = new Uint8Array(loaded);
  let end = 0;
  for (const chunk of chunks) {
    joined.set(chunk, end);
    end += chunk.length;
  }
  return joined;
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
