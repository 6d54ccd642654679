/** Asking servers: again while they are busy, and not for ever. */

import { linked } from "./abort.js";
import { aborted, ModelUnavailableError } from "./errors.js";
import { platform } from "./platform.js";

/** How often and how soon a server is asked again. */
export interface Patience {
  /** Times in a row without anything new. */
  times: number;
  /** Milliseconds before the first of them; twice as long before each further one. */
  pause: number;
  /** Milliseconds without a sign of life after which a connection is taken for broken. */
  stall: number;
}

/** Some eight seconds in all, unless the server wants more. */
export const patience: Patience = { times: 4, pause: 500, stall: 30_000 };

/** How to ask. */
export interface AskOptions {
  cache: RequestCache;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  patience: Patience;
}

/** Answers after which the same may be asked once more. */
const busy = [408, 425, 429, 500, 502, 503, 504];

/** However long a server wants to be left alone, in milliseconds. */
const longestPause = 30_000;

/** Whether the same may be asked once more after an answer of this status. */
export function isBusy(status: number): boolean {
  return busy.includes(status);
}

/** Asks until there is an answer that isn't "busy", or for the last time. */
export async function askAgain(url: string, options: AskOptions): Promise<Response> {
  const { patience, signal } = options;
  for (let failures = 1; ; failures++) {
    const response = await ask(url, options);
    if (!isBusy(response.status) || failures > patience.times) return response;
    await response.body?.cancel();
    const wanted = 1000 * Number(response.headers.get("retry-after") ?? 0);
    await pause(Math.min(Math.max(delay(failures, patience), wanted || 0), longestPause), signal);
  }
}

/**
 * Asks once.
 *
 * @throws {@link ModelUnavailableError} if there is no answer, or none in time.
 */
export async function ask(url: string, { cache, headers = {}, signal, patience }: AskOptions): Promise<Response> {
  if (signal?.aborted) throw aborted(signal);
  // The link stays, to stop what is read of the body.
  const { controller } = linked(signal);
  const timer = setTimeout(() => controller.abort(), patience.stall);
  try {
    return await platform.fetch(url, { cache, headers, signal: controller.signal });
  } catch (cause) {
    if (signal?.aborted) throw aborted(signal);
    const why = controller.signal.aborted ? `no answer in ${patience.stall / 1000} seconds` : String(cause);
    throw new ModelUnavailableError(
      `${url} could not be fetched (${why}). Check the connection, that the Content-Security-Policy's ` +
        "connect-src allows this address, and that its server allows other sites' pages (CORS) if it isn't your own.",
      { url },
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** How long to wait after so many failures in a row. */
export function delay(failures: number, { pause }: Patience): number {
  return pause * 2 ** (failures - 1);
}

/** Waits, unless it is aborted. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw aborted(signal);
    const stop = () => {
      clearTimeout(timer);
      if (signal) reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
