/** The two graphs of the pool, over the same axis. */

import { decimal } from "../../../view/dom";
import type { LineGraph, Point } from "../../../view/lines";
import type { MetricKey, PoolCurves } from "./curves";
import { METRIC_NAMES } from "./findings";
import type { Latency } from "./timing";

const TICKS = [1, 10, 20, 30, 40, 50];

/** Recall and quality, from 0 to 1. */
export function qualityGraph({ recall, quality }: PoolCurves, metric: MetricKey): LineGraph {
  const { before, pools } = quality[metric];
  const points = (values: readonly number[]): Point[] => values.map((value, i) => [i + 1, value]);
  const name = METRIC_NAMES[metric];
  return {
    lines: [
      { name: "recall of the pool", short: "recall", colour: "var(--answers)", points: points(recall) },
      { name: "perfect judge", short: "perfect", colour: "var(--ink-soft)", dashes: "1 4", points: points(pools.map(({ perfect }) => perfect)) },
      { name: "before reranking", short: "before", colour: "var(--scout)", dashes: "6 4", points: points(pools.map(() => before)) },
      {
        name: "after reranking",
        short: "after",
        colour: "var(--judge)",
        points: points(pools.map(({ after }) => after)),
        band: pools.map(({ low, high }, i) => [i + 1, before + low, before + high]),
      },
    ],
    x: { domain: [1, recall.length], ticks: TICKS.filter((tick) => tick <= recall.length), label: "" },
    y: { domain: [0, 1], label: `recall, and ${name}`, format: (value) => decimal(value, 1) },
    height: 330,
    words: `Recall of the pool and ${name}, for pools from 1 to ${recall.length}. What is to be seen is said below, and the numbers are in the table.`,
  };
}

/** The time that a question takes. */
export function timeGraph(latency: readonly Latency[], deepest: number): LineGraph {
  const most = Math.max(1, ...latency.map(({ p95 }) => p95));
  const seconds = most >= 2000;
  return {
    lines: [
      { name: "median", colour: "var(--ink)", marked: true, points: latency.map(({ pool, p50 }) => [pool, p50]) },
      { name: "95 % are faster", short: "95 %", colour: "var(--ink-soft)", dashes: "3 3", marked: true, points: latency.map(({ pool, p95 }) => [pool, p95]) },
    ],
    x: { domain: [1, deepest], ticks: TICKS.filter((tick) => tick <= deepest), label: "pool: candidates that the cross-encoder reads" },
    y: {
      domain: [0, most * 1.05],
      label: seconds ? "seconds for a question" : "milliseconds for a question",
      format: (value) => (seconds ? decimal(value / 1000, most >= 5000 ? 0 : 1) : String(Math.round(value))),
      ticks: 4,
    },
    height: 190,
    words: `Time of a question by the size of the pool, measured at ${latency.map(({ pool }) => pool).join(", ")}.`,
  };
}
