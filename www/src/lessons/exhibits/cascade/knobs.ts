/** What the cascade can be set to, and what is found. */

import type { Interval } from "tabrank/evaluate";

/** How many candidates a cross-encoder may read. */
export const READS: readonly number[] = [5, 10, 20, 30, 50, 70, 100];

/** The first stage's ranking as far as anyone reads it. */
export const DEEPEST = 100;

/** Every so many of the labelled questions are asked: each of these leaves as many traps as twins and plain ones. */
export const EVERY = [1, 2, 4] as const;

/** What the exhibit is set to. */
export interface CascadeState {
  /** Cross-encoders, by their ids in the manifest. */
  readonly small: string;
  readonly large: string;
  /** How many candidates the small one reads, and how many of its best the large one. */
  readonly read: readonly [number, number];
  readonly every: (typeof EVERY)[number];
}

/** What is computed: everything that any position of the sliders needs. */
export interface CascadeInput {
  readonly small: string;
  readonly large: string;
  /** All ways are held against the large one alone, reading so many. */
  readonly against: number;
  readonly every: number;
}

/** A way to a ranking: the bi-encoder alone, one cross-encoder after it, or both. */
export interface Way {
  readonly by: "first" | "small" | "large" | "cascade";
  /** How many candidates each cross-encoder reads, in their order. */
  readonly reads: readonly number[];
}

/** How well and how fast a way is. */
export interface Measured extends Way {
  readonly ndcg: Interval;
  /** precision@1. */
  readonly precision: Interval;
  /** Milliseconds a question. */
  readonly time: { readonly p50: number; readonly p95: number };
  /** Question by question against the large one alone; null for this itself. */
  readonly difference: { readonly ndcg: Difference; readonly precision: Difference } | null;
}

/** A difference, and whether these questions show it. */
export interface Difference extends Interval {
  readonly verdict: "helps" | "hurts" | "unclear";
}

/** What is found. */
export interface CascadeData {
  readonly questions: number;
  /** Questions whose time was measured: of the others the scores were known. */
  readonly timed: number;
  readonly ways: readonly Measured[];
  /** What read. */
  readonly readers: Readonly<Record<"small" | "large", { readonly device: string; readonly workers: number }>>;
}

/** All ways that are measured. */
export function allWays(): Way[] {
  return [
    { by: "first", reads: [] },
    ...READS.map((read): Way => ({ by: "large", reads: [read] })),
    ...READS.map((read): Way => ({ by: "small", reads: [read] })),
    ...READS.flatMap((first) => READS.filter((then) => then < first).map((then): Way => ({ by: "cascade", reads: [first, then] }))),
  ];
}

/** Whether two ways are the same. */
export function sameWay(a: Way, b: Way): boolean {
  return a.by === b.by && a.reads.join() === b.reads.join();
}
