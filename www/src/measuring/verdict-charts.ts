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
const ROW = 40;
const LINE = "var(--rule)";

/** Draws intervals: in each row a dot at the mean, a bar to both ends, and above them the numbers. */
export function drawIntervals({ rows, label, differences, words }: IntervalChart, width: number): Element {
  const most = Math.max(0.01, ...rows.flatMap(({ interval: { low, high } }) => [Math.abs(low), Math.abs(high)])) * 1.05;
  const number = (value: number): string => (differences ? signed(value, 3) : decimal(value, 3));
  const numbers = ({ name, interval: { mean, low, high } }: IntervalRow): string => `${name}: ${number(mean)} (${number(low)} to ${number(high)})`;
  const marks = (strong: boolean) => {
    const chosen = rows.filter((row) => row.strong === strong);
    return [
      link(chosen, {
        x1: ({ interval }: IntervalRow) => interval.low,
        x2: ({ interval }: IntervalRow) => interval.high,
        y: "name",
        stroke: "colour",
        strokeWidth: strong ? 7 : 3,
        strokeOpacity: 0.5,
        strokeLinecap: "butt",
        dy: 8,
      }),
      dot(chosen, { x: ({ interval }: IntervalRow) => interval.mean, y: "name", fill: "colour", r: strong ? 4.5 : 3, dy: 8 }),
      text(chosen, { frameAnchor: "left", y: "name", text: numbers, textAnchor: "start", dy: -9, fontWeight: strong ? 700 : 400, fill: "currentColor", stroke: "var(--raised)", strokeWidth: 4 }),
    ];
  };
  const drawing = plot({
    width,
    height: rows.length * ROW + 46,
    marginTop: 4,
    marginBottom: 42,
    marginLeft: 14,
    marginRight: 14,
    x: { domain: differences ? [-most, most] : [0, 1], label: null },
    y: { type: "band", domain: rows.map(({ name }) => name), axis: null, padding: 0 },
    color: { type: "identity" },
    ariaLabel: words,
    style: STYLE,
    marks: [
      axisX({ ticks: 5, tickFormat: (value: number) => (differences ? signed(value, 2) : String(value)), label, labelAnchor: "left", labelArrow: "none", labelOffset: 38 }),
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
