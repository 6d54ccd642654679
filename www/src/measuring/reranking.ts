/**
 * What reranking does to labelled questions: metrics before and after at several pools, and comparisons by groups of questions. All of it
 * from one run. No page, no DOM: lessons and measurements of the reader's own corpus share this.
 */

import type { Comparison, Evaluator, Metrics, Ranking } from "tabrank/evaluate";
import type { LabelledQuery } from "../corpus";
import { graded, reordered, type Labelled, type Logits } from "./runs";

/** The metrics to be chosen from, with what they are called and what they tell of a question. */
export const METRICS = {
  "precision@1": { name: "precision@1", meaning: "1 if the first passage answers, else 0" },
  mrr: { name: "MRR", meaning: "1 over the rank of the first passage that answers" },
  "ndcg@10": { name: "nDCG@10", meaning: "how near the first ten passages come to the best order of the labels" },
} as const satisfies Partial<Record<keyof Metrics, { name: string; meaning: string }>>;

/** A metric to be chosen. */
export type Metric = keyof typeof METRICS;

/** All of them. */
export const METRIC_KEYS = Object.keys(METRICS) as readonly Metric[];

/** A group of questions. */
export type Group = "all" | "traps" | "twins" | "plain";

/** What groups are called. */
export const GROUPS: Readonly<Record<Group, string>> = { all: "all", traps: "traps", twins: "twins", plain: "plain" };

/** The groups that there are among questions, with the positions of their members. Without traps there is but one group. */
export function groupsOf(queries: readonly LabelledQuery[]): ReadonlyMap<Group, readonly number[]> {
  const groups = new Map<Group, number[]>([["all", queries.map((_, i) => i)]]);
  if (!queries.some(({ trap }) => trap !== null)) return groups;
  queries.forEach(({ trap, twin }, i) => {
    const group = trap !== null ? "traps" : twin !== null ? "twins" : "plain";
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [i]);
    else members.push(i);
  });
  return new Map((Object.keys(GROUPS) as Group[]).flatMap((group) => (groups.has(group) ? [[group, groups.get(group) ?? []]] : [])));
}

/** Each question's value of each metric, in the order of the questions. */
export type Values = Readonly<Record<Metric, readonly number[]>>;

/** What a group's comparisons are, for each pool in the order of the pools. */
export type Comparisons = readonly Readonly<Record<Metric, Comparison>>[];

/** What came of it; plain JSON. */
export interface RerankingReport {
  /** How many candidates were read. */
  readonly pools: readonly number[];
  /** Ids of the questions. */
  readonly queries: readonly string[];
  /** In the first stage's order. */
  readonly before: Values;
  /** Reranked, for each pool. */
  readonly after: readonly Values[];
  /** The groups that there are. */
  readonly groups: Readonly<Partial<Record<Group, Comparisons>>>;
}

/** What is measured. */
export interface RerankingRun {
  readonly labelled: Labelled;
  /** What the first stage found for each question; at least as deep as the largest pool, or all that there is. */
  readonly rankings: readonly Pick<Ranking, "documents">[];
  /** What the cross-encoder said of these candidates, for each question. */
  readonly logits: readonly Logits[];
  readonly pools: readonly number[];
  /** The least grade that answers. */
  readonly relevant: number;
}

/** Measures a run. */
export async function measureReranking(evaluator: Evaluator, run: RerankingRun, signal?: AbortSignal): Promise<RerankingReport> {
  const { labelled, rankings, logits, pools, relevant } = run;
  const { queries } = labelled;
  const measured = async (order: (ranking: readonly number[], i: number) => readonly number[]): Promise<Values> => {
    const ranked = queries.map((query, i) => graded(labelled, query, order(rankings[i]?.documents ?? [], i)));
    const metrics = await evaluator.measure(ranked, { relevant });
    return byMetric((metric) => metrics.map((values) => values[metric]));
  };
  const before = await measured((ranking) => ranking);
  const after: Values[] = [];
  for (const pool of pools) after.push(await measured((ranking, i) => reordered(ranking, pool, logits[i] ?? new Map())));
  const groups: Partial<Record<Group, Comparisons>> = {};
  for (const [group, members] of groupsOf(queries)) {
    const of = (values: Values, metric: Metric): number[] => members.map((i) => values[metric][i] ?? 0);
    const comparisons: Record<Metric, Comparison>[] = [];
    for (const values of after) {
      const entries: [Metric, Comparison][] = [];
      for (const metric of METRIC_KEYS) {
        signal?.throwIfAborted();
        entries.push([metric, await evaluator.compare(of(before, metric), of(values, metric))]);
      }
      comparisons.push(Object.fromEntries(entries) as Record<Metric, Comparison>);
    }
    groups[group] = comparisons;
  }
  return { pools, queries: queries.map(({ id }) => id), before, after, groups };
}

/** A report with its numbers cut to so many digits, where it is to be kept. */
export function rounded(report: RerankingReport, digits: number): RerankingReport {
  return JSON.parse(JSON.stringify(report, (_key, value: unknown) => (typeof value === "number" ? Number(value.toFixed(digits)) : value))) as RerankingReport;
}

/** One group's comparison at one pool; undefined where the report has none. */
export function comparisonOf(report: RerankingReport, group: Group, pool: number, metric: Metric): Comparison | undefined {
  return report.groups[group]?.[report.pools.indexOf(pool)]?.[metric];
}

/** A question before and after. */
export interface Change {
  /** Position among the questions. */
  readonly position: number;
  readonly before: number;
  readonly after: number;
  readonly difference: number;
}

/** The changes of a group's questions, the worst first; those alike stay in the order of the questions. */
export function changesOf(report: RerankingReport, members: readonly number[], pool: number, metric: Metric): Change[] {
  const after = report.after[report.pools.indexOf(pool)];
  return members
    .map((position) => {
      const [b, a] = [report.before[metric][position] ?? 0, after?.[metric][position] ?? 0];
      return { position, before: b, after: a, difference: a - b };
    })
    .sort((one, other) => one.difference - other.difference);
}

function byMetric<T>(of: (metric: Metric) => T): Readonly<Record<Metric, T>> {
  return { "precision@1": of("precision@1"), mrr: of("mrr"), "ndcg@10": of("ndcg@10") };
}
