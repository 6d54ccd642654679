/** A sweep's rows as a table of texts, and as files. Pure. */

import Papa from "papaparse";
import { ROW_METRIC_KEYS, ROW_METRICS, type SweepRow } from "../../measuring/sweep-report";
import { STAGE_NAMES } from "../../measuring/sweep";
import { signed } from "../../measuring/verdict-text";
import { decimal, milliseconds } from "../../view/dom";

/** What a sweep was made with. */
export interface SweepContext {
  /** Id of the library; null for the one of this page. */
  readonly corpus: string | null;
  readonly library: string;
  readonly passages: number;
  readonly biEncoder: string;
  readonly engine: string;
  /** By cross-encoder. */
  readonly devices: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly made: string;
}

/** A sweep as JSON. */
export function sweepJson(rows: readonly SweepRow[], context: SweepContext): string {
  return `${JSON.stringify({ kind: "tabrank-sweep", version: 1, ...context, rows }, undefined, 2)}\n`;
}

/** A sweep as CSV, with the numbers in full. */
export function sweepCsv(rows: readonly SweepRow[]): string {
  const fields = [
    "first_stage",
    "cross_encoder",
    "pool",
    "questions",
    ...ROW_METRIC_KEYS.map((metric) => metric.replace("@", "_at_")),
    "recall_at_pool",
    "ndcg_difference",
    "ndcg_difference_low",
    "ndcg_difference_high",
    "verdict",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_searches",
    "unjudged_in_first_10",
  ];
  const data = rows.map(({ stage, model, pool, questions, metrics, recall, difference, verdict, latency, unjudged }) => [
    stage,
    model ?? "",
    pool ?? "",
    questions,
    ...ROW_METRIC_KEYS.map((metric) => metrics[metric]),
    recall ?? "",
    difference?.mean ?? "",
    difference?.low ?? "",
    difference?.high ?? "",
    verdict ?? "",
    latency?.p50 ?? "",
    latency?.p95 ?? "",
    latency?.timed ?? "",
    unjudged ?? "",
  ]);
  return `${Papa.unparse({ fields, data }, { newline: "\n" })}\n`;
}

/** The heads of the table's columns. */
export function sweepHead(unjudged: boolean): string[] {
  const metrics = ROW_METRIC_KEYS.map((metric) => ROW_METRICS[metric]);
  return ["First stage, cross-encoder", "pool", "questions", ...metrics, "recall@pool", "nDCG@10, difference (95 %)", "p50", "p95", ...(unjudged ? ["unjudged of 10"] : [])];
}

/** A row of the table. */
export function sweepCells(row: SweepRow, unjudged: boolean): string[] {
  const { pool, questions, metrics, recall, difference, latency } = row;
  return [
    nameOf(row),
    pool === null ? "–" : String(pool),
    String(questions),
    ...ROW_METRIC_KEYS.map((metric) => decimal(metrics[metric], 3)),
    recall === null ? "–" : decimal(recall, 3),
    difference === null ? "–" : `${signed(difference.mean, 3)} (${signed(difference.low, 3)} to ${signed(difference.high, 3)})`,
    latency === null ? "–" : milliseconds(latency.p50),
    latency === null ? "–" : milliseconds(latency.p95),
    ...(unjudged ? [row.unjudged === null ? "–" : decimal(row.unjudged, 1)] : []),
  ];
}

/** What a row is called. */
export function nameOf({ stage, model }: Pick<SweepRow, "stage" | "model">): string {
  return model === null ? `${STAGE_NAMES[stage]} alone` : `${STAGE_NAMES[stage]}, ${model}`;
}
