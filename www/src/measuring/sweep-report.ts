/** What a sweep comes to: a row for each first stage alone, and one for each first stage, cross-encoder and pool. */

import type { Evaluator, GradedRanking, Interval, Comparison, Metrics } from "tabrank/evaluate";
import { measureReranking, type RerankingReport } from "./reranking";
import { graded, mean, percentiles, RELEVANT, reordered, type Labelled } from "./runs";
import { candidatesOf, DEPTH, type Readings, type StageRuns, type SweepPlan, type SweepStage } from "./sweep";

/** The metrics of a row, in the order of the columns, and what they are called. */
export const ROW_METRICS = {
  "precision@1": "precision@1",
  "precision@5": "precision@5",
  "hit_rate@5": "hit rate@5",
  mrr: "MRR",
  "ndcg@10": "nDCG@10",
} as const satisfies Partial<Record<keyof Metrics, string>>;

/** A metric of a row. */
export type RowMetric = keyof typeof ROW_METRICS;

/** Their names. */
export const ROW_METRIC_KEYS = Object.keys(ROW_METRICS) as readonly RowMetric[];

/** A row; plain JSON. Where a cross-encoder was stopped, there is one of the first stage alone for the questions that it has read, too. */
export interface SweepRow {
  readonly stage: SweepStage;
  /** Null for the first stage alone; the pool is null then, too. */
  readonly model: string | null;
  readonly pool: number | null;
  /** Questions that it is of: fewer than all where the sweep was stopped. */
  readonly questions: number;
  readonly metrics: Readonly<Record<RowMetric, number>>;
  /** Share of the answers that are in the pool. */
  readonly recall: number | null;
  /** nDCG@10 less that of the first stage alone. */
  readonly difference: Interval | null;
  readonly verdict: Comparison["verdict"] | null;
  /** Milliseconds from the question to the ranking, and the searches that were timed. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly timed: number } | null;
  /** Of ten passages at the top, those that nobody has judged; they count as off. Null where labels judge everything. */
  readonly unjudged: number | null;
}

/** What a sweep has found. */
export interface SweepFound {
  readonly labelled: Labelled;
  readonly plan: SweepPlan;
  readonly runs: StageRuns;
  /** By cross-encoder; those that nothing has been read by yet may be missing. */
  readonly readings: ReadonlyMap<string, Readings>;
  /** Whether a passage without a label has been judged to be off, as in the library of this page. */
  readonly complete: boolean;
}

/** The questions that a cross-encoder has read wholly. */
export function readBy({ labelled, plan, runs, readings }: SweepFound, model: string): number[] {
  const of = readings.get(model);
  if (of === undefined) return [];
  return labelled.queries.flatMap(({ text }, i) => (of.has(text, candidatesOf(runs, i, plan)) ? [i] : []));
}

/** All rows. */
export async function sweepRows(evaluator: Evaluator, found: SweepFound, signal?: AbortSignal): Promise<SweepRow[]> {
  const { labelled, plan, runs, readings, complete } = found;
  const all = labelled.queries.map((_, i) => i);
  const textOf = (question: number): string => labelled.queries[question]?.text ?? "";
  const rows: SweepRow[] = [];
  for (const stage of plan.stages) {
    const run = runs.get(stage);
    if (run === undefined) continue;
    const row = async (questions: readonly number[], of: Pick<SweepRow, "model" | "pool">, order: (question: number) => readonly number[], times: readonly number[]): Promise<{ row: SweepRow; ndcg: number[] }> => {
      signal?.throwIfAborted();
      const rankings = questions.map((question) => order(question));
      const grades = questions.map((question, i) => gradesOf(labelled, question, rankings[i] ?? []));
      const metrics = await evaluator.measure(grades, { relevant: RELEVANT, pool: of.pool ?? DEPTH });
      const means = Object.fromEntries(ROW_METRIC_KEYS.map((metric) => [metric, mean(metrics.map((values) => values[metric]))])) as Record<RowMetric, number>;
      const time = percentiles(times);
      return {
        row: {
          stage,
          ...of,
          questions: questions.length,
          metrics: means,
          recall: null,
          difference: null,
          verdict: null,
          latency: time === undefined ? null : { ...time, timed: times.length },
          unjudged: complete ? null : mean(questions.map((question, i) => unjudgedOf(labelled, question, rankings[i] ?? []))),
        },
        ndcg: metrics.map((values) => values["ndcg@10"]),
      };
    };
    const ranked = (question: number): readonly number[] => run.rankings[question] ?? [];
    const alone = await row(all, { model: null, pool: null }, ranked, run.times);
    rows.push(alone.row);
    const counts = new Set([all.length]);
    for (const model of plan.models) {
      const of = readings.get(model);
      const questions = readBy(found, model);
      if (of === undefined || questions.length === 0) continue;
      if (!counts.has(questions.length)) {
        const times = questions.map((question) => run.times[question] ?? 0);
        rows.push((await row(questions, { model: null, pool: null }, ranked, times)).row);
        counts.add(questions.length);
      }
      const before = questions.map((question) => alone.ndcg[question] ?? 0);
      for (const pool of plan.pools) {
        const times = questions.flatMap((question) => {
          const time = of.time(textOf(question), stage, pool);
          return time === undefined ? [] : [(run.times[question] ?? 0) + time];
        });
        const after = await row(questions, { model, pool }, (question) => reordered(ranked(question), pool, of.logits(textOf(question))), times);
        // The recall ceiling is the first stage's, whatever is made of its pool.
        const ceiling = await evaluator.measure(questions.map((question) => gradesOf(labelled, question, ranked(question))), { relevant: RELEVANT, pool });
        const { difference, verdict } = await evaluator.compare(before, after.ndcg);
        rows.push({ ...after.row, recall: mean(ceiling.map(({ recall }) => recall)), difference, verdict });
      }
    }
  }
  return rows;
}

/** Before and after, in detail, for one first stage and one cross-encoder; undefined where nothing has been read. */
export async function sweepReport(evaluator: Evaluator, found: SweepFound, stage: SweepStage, model: string, signal?: AbortSignal): Promise<{ report: RerankingReport; labelled: Labelled } | undefined> {
  const { labelled, plan, runs, readings } = found;
  const questions = readBy(found, model);
  const [run, of] = [runs.get(stage), readings.get(model)];
  if (run === undefined || of === undefined || questions.length === 0) return undefined;
  const some: Labelled = { passages: labelled.passages, queries: questions.flatMap((i) => labelled.queries[i] ?? []) };
  const report = await measureReranking(
    evaluator,
    {
      labelled: some,
      rankings: questions.map((i) => ({ documents: [...(run.rankings[i] ?? [])] })),
      logits: some.queries.map(({ text }) => of.logits(text)),
      pools: plan.pools,
      relevant: RELEVANT,
    },
    signal,
  );
  return { report, labelled: some };
}

function gradesOf(labelled: Labelled, question: number, ranking: readonly number[]): GradedRanking {
  const query = labelled.queries[question];
  return query === undefined ? { ranked: [], judged: [] } : graded(labelled, query, ranking);
}

function unjudgedOf({ passages, queries }: Labelled, question: number, ranking: readonly number[]): number {
  const grades = queries[question]?.grades ?? {};
  return ranking.slice(0, 10).filter((position) => !Object.hasOwn(grades, passages[position]?.id ?? "")).length;
}
