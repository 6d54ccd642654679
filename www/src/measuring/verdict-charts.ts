/** Charts of a comparison: intervals in rows, and each question's difference. */

import { axisX, axisY, dot, link, plot, ruleX, ruleY, text } from "@observablehq/plot";
import type { Interval } from "tabrank/evaluate";
import { decimal } from "../view/dom";
import { withDots, type Dot } from "../view/dots";
import type { Change } from "./reranking";
import { signed } from "./verdict-text";

/** A row of a chart of intervals. */
export interface IntervalRow {
  readonly name: string;
  readonly interval: Interval;
  readonly colour: string;
  /** Set off from the others. */
  readonly strong: boolean;
}

/** A chart of intervals. */
export interface IntervalChart {
  readonly rows: readonly IntervalRow[];
  /** What the axis shows. */
  readonly label: string;
  /** Differences have signs, and a line at 0; anything else lies between 0 and 1. */
  readonly differences: boolean;
  /** The whole in words, for those who don't see it. */
  readonly words: string;
}

const STYLE = { fontSize: "13px", fontFamily: "inherit", background: "none", overflow: "visible" } as const;
const ROW = 30;
const LINE = "var(--rule)";

/** Draws intervals: a dot at the mean, a line to both ends, the numbers beside them. */
export function drawIntervals({ rows, label, differences, words }: IntervalChart, width: number): Element {
  const most = Math.max(0.01, ...rows.flatMap(({ interval: { low, high } }) => [Math.abs(low), Math.abs(high)])) * 1.08;
  const number = (value: number): string => (differences ? signed(value, 3) : decimal(value, 3));
  const numbers = ({ mean, low, high }: Interval): string => `${number(mean)} (${number(low)} to ${number(high)})`;
  const marks = (strong: boolean) => {
    const chosen = rows.filter((row) => row.strong === strong);
    const [fontWeight, opacity] = strong ? [600, 1] : [400, 0.75];
    return [
      link(chosen, {
        x1: ({ interval }: IntervalRow) => interval.low,
        x2: ({ interval }: IntervalRow) => interval.high,
        y: "name",
        stroke: "colour",
        strokeWidth: strong ? 4 : 2,
        opacity,
      }),
      dot(chosen, { x: ({ interval }: IntervalRow) => interval.mean, y: "name", fill: "colour", r: strong ? 6 : 4, opacity }),
      text(chosen, { frameAnchor: "left", y: "name", text: "name", textAnchor: "end", dx: -8, fontWeight, fill: "currentColor" }),
      text(chosen, { frameAnchor: "right", y: "name", text: ({ interval }: IntervalRow) => numbers(interval), textAnchor: "start", dx: 10, fontWeight, fill: "currentColor" }),
    ];
  };
  const drawing = plot({
    width,
    height: rows.length * ROW + 46,
    marginTop: 4,
    marginBottom: 42,
    marginLeft: 76,
    marginRight: width < 480 ? 150 : 170,
    x: { domain: differences ? [-most, most] : [0, 1], label: null },
    y: { type: "band", domain: rows.map(({ name }) => name), axis: null },
    color: { type: "identity" },
    ariaLabel: words,
    style: STYLE,
    marks: [
      axisX({ ticks: width < 480 ? 3 : 5, tickFormat: (value: number) => (differences ? signed(value, 2) : String(value)), label, labelAnchor: "left", labelArrow: "none", labelOffset: 38 }),
      ruleX([0], { stroke: differences ? "currentColor" : LINE }),
      ...marks(false),
      ...marks(true),
    ],
  });
  drawing.setAttribute("role", "img");
  return drawing;
}

/** A chart of each question's difference. */
export interface ChangeChart {
  /** Sorted. */
  readonly changes: readonly Change[];
  /** What the metric is called. */
  readonly metric: string;
  /** What a question's dot says, and where it leads. */
  readonly describe: (change: Change) => Pick<Dot, "label" | "href">;
  readonly words: string;
  /** Called with the position among the changes. */
  readonly onPoint: (position: number | undefined) => void;
}

/** Draws a dot for each question, from the one that lost most to the one that won most. */
export function drawChanges({ changes, metric, describe, words, onPoint }: ChangeChart, width: number): Element {
  const drawing = plot({
    width,
    height: 230,
    marginTop: 24,
    marginBottom: 30,
    marginLeft: 46,
    marginRight: 12,
    x: { type: "linear", domain: [0.5, Math.max(1, changes.length) + 0.5], label: null },
    y: { domain: [-1, 1], label: null },
    ariaLabel: words,
    style: STYLE,
    marks: [
      axisX({ ticks: [], label: `${changes.length} ${changes.length === 1 ? "question" : "questions"}, sorted by their difference`, labelAnchor: "left", labelArrow: "none", labelOffset: 22 }),
      axisY({ ticks: [-1, -0.5, 0, 0.5, 1], tickFormat: (value: number) => signed(value, 1), label: `difference in ${metric}`, labelArrow: "none" }),
      ruleY([-1, -0.5, 0.5, 1], { stroke: LINE }),
      ruleY([0]),
    ],
  });
  drawing.setAttribute("role", "img");
  const dots = changes.map((change, i): Dot => ({ x: i + 1, y: change.difference, look: lookOf(change), ...describe(change) }));
  return withDots({ drawing, dots, label: "Questions", onPoint });
}

function lookOf({ difference }: Change): string {
  if (difference === 0) return "same";
  return difference > 0 ? "better" : "worse";
}
