/** Having a cross-encoder read the candidates of all questions, with the time that it takes for each. */

import type { Ranker } from "tabrank";
import { scorePools, type Labelled, type Logits } from "../../../measuring/runs";
import { DEEPEST } from "./knobs";

/** What a cross-encoder made of all questions. */
export interface Reading {
  readonly logits: readonly Logits[];
  /** For each question the milliseconds for its first candidates and for the rest; NaN where scores were known already. */
  readonly times: readonly Times[];
  readonly device: string;
  readonly workers: number;
}

/** Milliseconds for the first candidates, and for the rest. */
export type Times = readonly [first: number, rest: number];

/** What accompanies the reading. */
export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Called with the number of pairs that have been read since the last call. */
  readonly onPairs: (pairs: number) => void;
  /** Called with a number of pairs that are to be read besides those of the pools. */
  readonly onMore: (pairs: number) => void;
}

/** How many questions are timed anew where scores were known: for known ones, no time is taken. */
const TIMED = 16;

/** Reads the pools of all questions, first their first `cut` candidates and then the rest, so that both are timed. */
export async function readPools(reader: Ranker, labelled: Labelled, pools: readonly (readonly number[])[], cut: number, options: ReadOptions): Promise<Reading> {
  const parts = [pools.map((pool) => pool.slice(0, cut)), pools.map((pool) => pool.slice(cut))];
  let { device } = reader.info();
  const logits: Logits[][] = [];
  const times: number[][] = [];
  for (const part of parts) {
    const taken: number[] = [];
    logits.push(
      await scorePools(reader, labelled, part, {
        signal: options.signal,
        onProgress: (done) => options.onPairs(part[done - 1]?.length ?? 0),
        onAnswer: (answer) => {
          device = answer.device ?? device;
          taken.push(answer.milliseconds);
        },
      }),
    );
    times.push(taken);
  }
  const each = labelled.queries.map((_, i): Times => [times[0]?.[i] ?? Number.NaN, times[1]?.[i] ?? Number.NaN]);
  const all = labelled.queries.map((_, i): Logits => new Map([...(logits[0]?.[i] ?? []), ...(logits[1]?.[i] ?? [])]));
  const known = each.every((pair) => pair.every(Number.isFinite));
  return { logits: all, times: known ? each : await timedAnew(reader, labelled, parts, options), device, workers: reader.info().workers };
}

/** Makes passages that nobody has read of ones that were: spaces at the end make no token more. */
let rounds = 0;

/** Reads some questions' candidates once more, only to take the time. */
async function timedAnew(reader: Ranker, { passages, queries }: Labelled, parts: readonly (readonly (readonly number[])[])[], { signal, onMore, onPairs }: ReadOptions): Promise<Times[]> {
  rounds += 1;
  const unread = { queries, passages: passages.map((passage) => ({ ...passage, text: `${passage.text}${" ".repeat(rounds)}` })) };
  const step = Math.max(1, Math.floor(queries.length / TIMED));
  const chosen = queries.map((_, i) => i % step === 0);
  const some = parts.map((part) => part.map((pool, i) => (chosen[i] === true ? pool : [])));
  onMore(some.flat(2).length);
  const times: number[][] = [];
  for (const part of some) {
    const taken: number[] = [];
    await scorePools(reader, unread, part, {
      signal,
      onProgress: (done) => onPairs(part[done - 1]?.length ?? 0),
      onAnswer: ({ milliseconds }) => taken.push(milliseconds),
    });
    times.push(taken);
  }
  return queries.map((_, i): Times => (chosen[i] === true ? [times[0]?.[i] ?? Number.NaN, times[1]?.[i] ?? Number.NaN] : [Number.NaN, Number.NaN]));
}

/** The time for the first `read` candidates: as measured at `cut` and at the end, in proportion between these. */
export function timeFor([first, rest]: Times, read: number, cut: number): number {
  return read <= cut ? first * (read / cut) : first + rest * ((read - cut) / (DEEPEST - cut));
}
