/** How long whole searches take at some pools. */

import type { Ranker } from "tabrank";
import { percentiles, type Labelled, type RunOptions } from "../../../measuring/runs";

/** How long searches with a pool took, in milliseconds. */
export interface Latency {
  readonly pool: number;
  /** Searches that were timed. */
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
}

/** Questions that are timed, spread over all. Of so few, the 95th percentile is the slowest but one. */
export const TIMED_QUESTIONS = 20;

/** Pools that are timed, and the deepest. */
const TIMED_POOLS = [1, 10, 20];

/** Searches that were timed in this tab. */
let timed = 0;

/** Times searches from the question to the ranking. */
export async function timeSearches(ranker: Ranker, { queries }: Labelled, deepest: number, { signal, onProgress }: RunOptions): Promise<Latency[]> {
  const n = Math.min(TIMED_QUESTIONS, queries.length);
  const pools = [...TIMED_POOLS.filter((pool) => pool < deepest), deepest];
  const times = new Map(pools.map((pool): [number, number[]] => [pool, []]));
  for (let i = 0; i < n; i += 1) {
    const text = queries[Math.floor((i * queries.length) / n)]?.text ?? "";
    for (const [pool, list] of times) {
      // Scores of pairs that were read before are known, and would take no time. Models don't see spaces at the end, but another number of
      // them makes another text.
      timed += 1;
      const { timings, scored, retrieved } = await ranker.search(`${text}${" ".repeat(timed)}`, { pool, topK: 5, signal });
      if (scored === retrieved.length) list.push(timings.total);
    }
    onProgress?.(i + 1, n);
  }
  return [...times].flatMap(([pool, list]) => {
    const found = percentiles(list);
    return found === undefined ? [] : [{ pool, n: list.length, p50: Number(found.p50.toPrecision(3)), p95: Number(found.p95.toPrecision(3)) }];
  });
}
