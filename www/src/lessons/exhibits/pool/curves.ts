/** What each pool holds and what comes of reranking it, from one run over the largest. */

import type { Comparison, Evaluator, Metrics } from "tabrank/evaluate";
import type { LabelledQuery } from "../../../corpus";
import { graded, mean, RELEVANT, reordered, type Labelled, type Logits, type RunOptions } from "../../../measuring/runs";

/** The groups of questions. */
export const GROUP_KEYS = ["all", "traps"] as const;

/** A group of questions. */
export type GroupKey = (typeof GROUP_KEYS)[number];

/** The measures of quality. */
export const METRIC_KEYS = ["ndcg@10", "precision@1"] as const;

/** A measure of quality. */
export type MetricKey = (typeof METRIC_KEYS)[number];

/** What a measure is at one pool: a mean over the questions, and its difference from the first stage's order. */
export interface Quality {
  readonly after: number;
  /** What a judge that knows the labels would make of the same pool. */
  readonly perfect: number;
  /** Ends of the 95 % interval of the difference. */
  readonly low: number;
  readonly high: number;
  readonly verdict: Comparison["verdict"];
}

/** A group's values. */
export interface PoolCurves {
  /** Questions in the group. */
  readonly n: number;
  /** Recall of each pool, from 1. */
  readonly recall: readonly number[];
  readonly quality: Readonly<Record<MetricKey, { readonly before: number; readonly pools: readonly Quality[] }>>;
}

/** What is measured: the deepest pool of each question, and what the cross-encoder says of it. */
export interface PoolRun {
  readonly labelled: Labelled;
  readonly pools: readonly (readonly number[])[];
  readonly logits: readonly Logits[];
  readonly deepest: number;
}

/** Digits that are kept. */
const DIGITS = 4;
const round = (value: number): number => Number(value.toFixed(DIGITS));

/** Measures every pool from 1 to the deepest. */
export async function measurePools(evaluator: Evaluator, run: PoolRun, { signal, onProgress }: RunOptions): Promise<Record<GroupKey, PoolCurves>> {
  const { labelled, pools, logits, deepest } = run;
  const { queries } = labelled;
  // A judge that knows the labels: grades in the place of logits.
  const ideal = queries.map(({ grades }, i): Logits => new Map((pools[i] ?? []).map((position) => [position, grades[labelled.passages[position]?.id ?? ""] ?? 0])));
  const measured = (pool: number, scores: readonly Logits[]): Promise<Metrics[]> =>
    evaluator.measure(
      queries.map((query, i) => graded(labelled, query, reordered(pools[i] ?? [], pool, scores[i] ?? new Map()))),
      { relevant: RELEVANT, pool },
    );
  const before = await measured(1, logits);
  const after: Metrics[][] = [];
  const perfect: Metrics[][] = [];
  const compared = new Map<string, Comparison>();
  for (let pool = 1; pool <= deepest; pool += 1) {
    signal?.throwIfAborted();
    const metrics = await measured(pool, logits);
    after.push(metrics);
    perfect.push(await measured(pool, ideal));
    for (const group of GROUP_KEYS) {
      const of = (all: readonly Metrics[], metric: MetricKey): number[] => membersOf(queries, group).map((i) => all[i]?.[metric] ?? 0);
      for (const metric of METRIC_KEYS) compared.set(`${group} ${metric} ${pool}`, await evaluator.compare(of(before, metric), of(metrics, metric)));
    }
    onProgress?.(pool, deepest);
  }
  const curves = (group: GroupKey): PoolCurves => {
    const members = membersOf(queries, group);
    const meanOf = (metrics: readonly Metrics[], value: (one: Metrics) => number): number => mean(members.flatMap((i) => (metrics[i] === undefined ? [] : [value(metrics[i])])));
    const quality = (metric: MetricKey) => ({
      before: round(meanOf(before, (one) => one[metric])),
      pools: after.map((metrics, at): Quality => {
        const { difference, verdict } = compared.get(`${group} ${metric} ${at + 1}`) ?? NONE;
        return {
          after: round(meanOf(metrics, (one) => one[metric])),
          perfect: round(meanOf(perfect[at] ?? [], (one) => one[metric])),
          low: round(difference.low),
          high: round(difference.high),
          verdict,
        };
      }),
    });
    return {
      n: members.length,
      recall: after.map((metrics) => round(meanOf(metrics, ({ recall }) => recall))),
      quality: { "ndcg@10": quality("ndcg@10"), "precision@1": quality("precision@1") },
    };
  };
  return { all: curves("all"), traps: curves("traps") };
}

const NONE: Pick<Comparison, "difference" | "verdict"> = { difference: { mean: 0, low: 0, high: 0 }, verdict: "unclear" };

/** Positions of the questions of a group. */
export function membersOf(queries: readonly LabelledQuery[], group: GroupKey): number[] {
  return queries.flatMap(({ trap }, i) => (group === "all" || trap !== null ? [i] : []));
}
