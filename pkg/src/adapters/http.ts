/** Candidates from any server that speaks JSON. */

import { aborted, RetrieverError } from "../errors.js";
import { platform } from "../platform.js";
import type { Candidate, Retriever } from "../types.js";

/** How a server is asked. */
export interface HttpRetrieverOptions<M = unknown> {
  url: string | URL;
  /** Sent along, for instance a key. */
  headers?: Record<string, string>;
  /** What is sent. Default: a POST with `{query, k}` as JSON. */
  request?(query: string, k: number): { url?: string | URL; init?: RequestInit };
  /** Makes candidates of the answer. Default: it is an array of `{id, text, score?, metadata?}`, or an object with one as
   * `candidates`. */
  parse?(answer: unknown): Candidate<M>[];
}

/**
 * A first stage for `searchIn`.
 *
 * The retriever throws a {@link RetrieverError} if the server doesn't answer, or not in the expected form.
 */
export function httpRetriever<M = unknown>({ url, headers = {}, request, parse = candidatesOf }: HttpRetrieverOptions<M>): Retriever<M> {
  return async (query, k, signal) => {
    const asked = request?.(query, k);
    let href = String(asked?.url ?? url);
    const post = { method: "POST", body: JSON.stringify({ query, k }), headers: { "content-type": "application/json" } };
    const init: RequestInit = asked ? (asked.init ?? {}) : post;
    let answer: unknown;
    try {
      href = new URL(href, platform.base()).href;
      const all = new Headers(init.headers);
      for (const [name, value] of Object.entries(headers)) all.set(name, value);
      const response = await fetch(href, { ...init, headers: all, signal: signal ?? null });
      if (!response.ok) throw new RetrieverError(`${href} answered with HTTP ${response.status}.`);
      answer = await response.json();
    } catch (cause) {
      if (signal?.aborted) throw aborted(signal);
      if (cause instanceof RetrieverError) throw cause;
      throw new RetrieverError(`${href} gave no candidates (${String(cause)}). Check the address, CORS, and that it answers with JSON.`, { cause });
    }
    return parse(answer);
  };
}

function candidatesOf<M>(answer: unknown): Candidate<M>[] {
  const candidates = Array.isArray(answer) ? answer : (answer as { candidates?: unknown } | null)?.candidates;
  if (!Array.isArray(candidates)) throw new RetrieverError("The answer is no array, nor an object with one as `candidates`. Give httpRetriever a `parse`.");
  return candidates as Candidate<M>[];
}
