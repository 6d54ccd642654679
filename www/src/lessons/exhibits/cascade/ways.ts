/** What each way makes of all questions: its rankings and its times. */

import type { GradedRanking } from "tabrank/evaluate";
import { graded, reordered, type Labelled, type Logits } from "../../../measuring/runs";
import type { Way } from "./knobs";
import { timeFor, type Reading } from "./reading";

/** What the ways are made of. */
export interface Parts {
  readonly labelled: Labelled;
  /** For each question the bi-encoder's ranking. */
  readonly rankings: readonly (readonly number[])[];
  /** For each question the bi-encoder's time, in milliseconds. */
  readonly first: readonly number[];
  readonly small: Reading;
  readonly large: Reading;
  /** Where readings were timed. */
  readonly cut: number;
}

/** The cross-encoders of a way in their order, with how many candidates each reads. */
export function stages({ by, reads }: Way): readonly (readonly [who: "small" | "large", read: number])[] {
  const [first = 0, then = 0] = reads;
  switch (by) {
    case "first":
      return [];
    case "cascade":
      return [
        ["small", first],
        ["large", then],
      ];
    default:
      return [[by, first]];
  }
}

/** How many pairs each cross-encoder reads for a question. */
export function pairsOf(way: Way): Readonly<Record<"small" | "large", number>> {
  const pairs = { small: 0, large: 0 };
  for (const [who, read] of stages(way)) pairs[who] = read;
  return pairs;
}

/** The rankings of all questions, graded. */
export function rankingsOf(way: Way, { labelled, rankings, ...readings }: Pick<Parts, "labelled" | "rankings" | "small" | "large">): GradedRanking[] {
  return labelled.queries.map((query, i) => {
    const logits = (who: "small" | "large"): Logits => readings[who].logits[i] ?? new Map<number, number>();
    const ranking = stages(way).reduce((order, [who, read]) => reordered(order, read, logits(who)), [...(rankings[i] ?? [])]);
    return graded(labelled, query, ranking);
  });
}

/** The time of each question, in milliseconds; NaN where it isn't known. */
export function timesOf(way: Way, { first, cut, ...readings }: Pick<Parts, "first" | "small" | "large" | "cut">): number[] {
  return first.map((time, i) => stages(way).reduce((sum, [who, read]) => sum + timeFor(readings[who].times[i] ?? [Number.NaN, Number.NaN], read, cut), time));
}
