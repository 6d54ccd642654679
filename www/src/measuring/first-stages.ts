/**
 * Four first stages over labelled questions: words, vectors, and both made one in two ways. What costs time, the questions' vectors, is
 * kept for as long as the models are in use.
 */

import type { Ranker } from "tabrank";
import type { Evaluator, JudgedRankings, LearnedWeight, Ranking } from "tabrank/evaluate";
import { denseRankings, positionsOf, RELEVANT, wordRankings, type Labelled } from "./runs";

/** The first stages, the simplest first. */
export const FIRST_STAGES = ["bm25", "dense", "rrf", "sum"] as const;

/** One of them: BM25, cosine, reciprocal rank fusion, or the weighted sum with the learned weight. */
export type FirstStage = (typeof FIRST_STAGES)[number];

/** How far down each ranking is heard when two are made one, as in a search. */
export const FUSED_DEPTH = 100;

/** Parts into which questions are split to learn a weight. */
export const FOLDS = 5;

/** What both rankings are for each question, and the weight that labels teach. */
export interface Fusable {
  readonly rankings: readonly JudgedRankings[];
  readonly learned: LearnedWeight;
}

/** A number without the digits that a 32-bit float adds to it. */
export const plainWeight = (weight: number): number => Number(weight.toFixed(4));

interface Known {
  readonly labelled: Labelled;
  readonly rankings: readonly Ranking[];
}

const known = new WeakMap<Ranker, Known>();

/** Asks both retrievers each question, and learns the weight of the cosines by cross-validation. */
export async function fusable(
  ranker: Ranker,
  evaluator: Evaluator,
  labelled: Labelled,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (done: number, total: number) => void } = {},
): Promise<Fusable> {
  const { signal } = options;
  const before = known.get(ranker);
  const dense = before?.labelled === labelled ? before.rankings : await denseRankings(ranker, labelled, FUSED_DEPTH, options);
  known.set(ranker, { labelled, rankings: dense });
  const lexical = await wordRankings(evaluator, labelled, FUSED_DEPTH, signal);
  const positions = positionsOf(labelled);
  const nothing: Ranking = { documents: [], scores: [] };
  const rankings = labelled.queries.map(({ grades }, i): JudgedRankings => ({
    dense: dense[i] ?? nothing,
    lexical: lexical[i] ?? nothing,
    judged: Object.entries(grades).flatMap(([id, grade]): [number, number][] => {
      const position = positions.get(id);
      return position === undefined ? [] : [[position, grade]];
    }),
  }));
  signal?.throwIfAborted();
  return { rankings, learned: await evaluator.learnWeight(rankings, { folds: FOLDS, relevant: RELEVANT }) };
}

/** The first `depth` documents of each first stage for each question. In the weighted sum, a question has the weight that was learned
 * without it. */
export async function firstStages(evaluator: Evaluator, { rankings, learned }: Fusable, depth: number): Promise<Readonly<Record<FirstStage, readonly (readonly number[])[]>>> {
  const cut = ({ documents }: Ranking): number[] => documents.slice(0, depth);
  const sum: number[][] = rankings.map(() => []);
  for (const weight of new Set(learned.weights)) {
    const own = rankings.flatMap((_, i) => (learned.weights[i] === weight ? [i] : []));
    const fused = await evaluator.fuse(own.flatMap((i) => rankings[i] ?? []), { method: "weighted-sum", weight }, depth);
    own.forEach((i, at) => (sum[i] = fused[at]?.documents ?? []));
  }
  return {
    bm25: rankings.map(({ lexical }) => cut(lexical)),
    dense: rankings.map(({ dense }) => cut(dense)),
    rrf: (await evaluator.fuse(rankings, { method: "rrf" }, depth)).map(cut),
    sum,
  };
}
