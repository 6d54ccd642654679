/** What the pools of several first stages hold, against the vectors' alone, and what reranking makes of them. */

import type { Evaluator, Metrics } from "tabrank/evaluate";
import { FIRST_STAGES, type FirstStage } from "../../../measuring/first-stages";
import { graded, mean, RELEVANT, reordered, type Labelled, type Logits, type RunOptions } from "../../../measuring/runs";
import { GROUP_KEYS, membersOf, type GroupKey } from "../pool/curves";
import type { Difference, RetrieversData } from "../retrievers";

/** What a first stage comes to. Differences are from the vectors alone; for these themselves they are 0. */
export interface StageCurves {
  /** Recall of each pool, from 1, and its difference. */
  readonly recall: readonly number[];
  readonly recallDifference: readonly Difference[];
  readonly ndcg: number;
  readonly ndcgDifference: Difference;
  /** nDCG@10 after reranking. */
  readonly reranked: number;
  readonly rerankedDifference: Difference;
}

/** What is measured. */
export interface StagesRun {
  readonly labelled: Labelled;
  readonly rankings: Readonly<Record<FirstStage, readonly (readonly number[])[]>>;
  /** Of all candidates that are reranked. */
  readonly logits: readonly Logits[];
  readonly deepest: number;
  readonly reranked: number;
}

const NONE: Difference = { difference: { mean: 0, low: 0, high: 0 }, verdict: "unclear" };

const round = (value: number): number => Number(value.toFixed(4));

/** A comparison in short, with the digits that are kept. */
export function rounded({ difference: { mean: middle, low, high }, verdict }: Difference): Difference {
  return { difference: { mean: round(middle), low: round(low), high: round(high) }, verdict };
}

/** Measures all first stages at every pool from 1 to the deepest. */
export async function measureStages(evaluator: Evaluator, run: StagesRun, { signal, onProgress }: RunOptions): Promise<RetrieversData> {
  const { labelled, rankings, logits, deepest, reranked } = run;
  const { queries } = labelled;
  const measured = (stage: FirstStage, pool: number, order: (ranking: readonly number[], i: number) => readonly number[]): Promise<Metrics[]> =>
    evaluator.measure(
      queries.map((query, i) => graded(labelled, query, order(rankings[stage][i] ?? [], i))),
      { relevant: RELEVANT, pool },
    );
  const groups: Readonly<Record<GroupKey, readonly number[]>> = { all: membersOf(queries, "all"), traps: membersOf(queries, "traps") };
  /** A metric of all first stages, by group: means, and differences from the vectors'. */
  const against = async (metrics: Readonly<Record<FirstStage, readonly Metrics[]>>, metric: "recall" | "ndcg@10") => {
    const found: { group: GroupKey; stage: FirstStage; mean: number; difference: Difference }[] = [];
    for (const group of GROUP_KEYS) {
      const of = (stage: FirstStage): number[] => groups[group].map((i) => metrics[stage][i]?.[metric] ?? 0);
      for (const stage of FIRST_STAGES) {
        signal?.throwIfAborted();
        const difference = stage === "dense" ? NONE : rounded(await evaluator.compare(of("dense"), of(stage)));
        found.push({ group, stage, mean: round(mean(of(stage))), difference });
      }
    }
    return (group: GroupKey, stage: FirstStage) => found.find((one) => one.group === group && one.stage === stage);
  };
  const byStage = async (order: (ranking: readonly number[], i: number) => readonly number[], pool: number): Promise<Record<FirstStage, Metrics[]>> => ({
    bm25: await measured("bm25", pool, order),
    dense: await measured("dense", pool, order),
    rrf: await measured("rrf", pool, order),
    sum: await measured("sum", pool, order),
  });
  const first = await against(await byStage((ranking) => ranking, deepest), "ndcg@10");
  const after = await against(await byStage((ranking, i) => reordered(ranking, reranked, logits[i] ?? new Map()), reranked), "ndcg@10");
  const recalls: Awaited<ReturnType<typeof against>>[] = [];
  for (let pool = 1; pool <= deepest; pool += 1) {
    recalls.push(await against(await byStage((ranking) => ranking, pool), "recall"));
    onProgress?.(pool, deepest);
  }
  const curves = (group: GroupKey, stage: FirstStage): StageCurves => ({
    recall: recalls.map((at) => at(group, stage)?.mean ?? 0),
    recallDifference: recalls.map((at) => at(group, stage)?.difference ?? NONE),
    ndcg: first(group, stage)?.mean ?? 0,
    ndcgDifference: first(group, stage)?.difference ?? NONE,
    reranked: after(group, stage)?.mean ?? 0,
    rerankedDifference: after(group, stage)?.difference ?? NONE,
  });
  const ofGroup = (group: GroupKey) => ({
    n: groups[group].length,
    stages: { bm25: curves(group, "bm25"), dense: curves(group, "dense"), rrf: curves(group, "rrf"), sum: curves(group, "sum") },
  });
  return { all: ofGroup("all"), traps: ofGroup("traps") };
}
