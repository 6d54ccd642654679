/** Time by number of documents, both on logarithmic axes: from a millisecond to years, with marks that people know. */

import { axisX, axisY, dot, line, plot, ruleX, ruleY, text } from "@observablehq/plot";
import { roundCountText, timeText } from "../../../measuring/quantities";
import { apart } from "../../../view/chart";
import { STEPS, type PlannerState } from "./knobs";
import { plan, type Plan, type UnitCosts } from "./arithmetic";

/** What is drawn. */
export interface PlanChart {
  readonly state: PlannerState;
  readonly unit: UnitCosts;
  readonly width: number;
  readonly label: string;
}

/** The lines. Each has its own dashes and its name at its end, so that colour isn't needed. */
export const LINES = [
  { what: "everything", name: "cross-encoder on everything", short: "reading all", colour: "var(--judge)", dashes: undefined },
  { what: "both", name: "two stages", short: "two stages", colour: "var(--ink)", dashes: undefined },
  { what: "first", name: "bi-encoder alone", short: "bi-encoder", colour: "var(--scout)", dashes: undefined },
  { what: "vectors", name: "all vectors, once", short: "vectors, once", colour: "var(--scout)", dashes: "6 4" },
] as const satisfies readonly { what: keyof Plan; name: string; short: string; colour: string; dashes: string | undefined }[];

/** Times that people know, in milliseconds. */
const MARKS: readonly (readonly [name: string, milliseconds: number])[] = [
  ["a blink", 200],
  ["a coffee", 5 * 60e3],
  ["a night", 8 * 3_600e3],
  ["a year", 31_557_600e3],
];

/** Where the axis of time has its ticks, in milliseconds. */
const TICKS: readonly (readonly [name: string, milliseconds: number])[] = [
  ["1 µs", 1e-3],
  ["1 ms", 1],
  ["1 s", 1e3],
  ["1 min", 60e3],
  ["1 h", 3_600e3],
  ["1 day", 86_400e3],
  ["1 month", 31_557_600e3 / 12],
  ["1 year", 31_557_600e3],
];

const HEIGHT = 380;
const MARGIN = { top: 14, bottom: 40, left: 52 };
/** What takes less, in milliseconds, is drawn as this much: there is no 0 on this axis. */
const LEAST = 1e-3;
/** Least distance of two labels, in pixels. */
const LABEL = 16;

/** Draws it at a width in pixels. */
export function drawPlan({ state, unit, width: vectorWidth, label }: PlanChart, width: number): Element {
  const narrow = width < 520;
  const right = narrow ? 92 : 186;
  const sizes = STEPS.documents;
  const points = LINES.flatMap(({ what }) =>
    sizes.map((documents) => ({ what, documents, time: Math.max(plan({ ...state, documents }, unit, vectorWidth)[what], LEAST) })),
  );
  const times = points.map(({ time }) => time);
  const year = 31_557_600e3;
  const domain: [number, number] = [Math.min(1, ...times), Math.max(year * 1.5, ...times)];
  const ticks = TICKS.filter(([, time]) => time >= domain[0]);
  const inner = HEIGHT - MARGIN.top - MARGIN.bottom;
  const decades = Math.log10(domain[1] / domain[0]);
  const place = (time: number): number => Math.log10(time / domain[0]) * (inner / decades);
  const at = (what: keyof Plan): number => Math.max(plan(state, unit, vectorWidth)[what], LEAST);
  const ends = LINES.map(({ what }) => points.find((point) => point.what === what && point.documents === sizes.at(-1))?.time ?? 1);
  const spread = (times: readonly number[]): number[] =>
    apart(times.map(place), LABEL, 0, inner).map((pixels) => domain[0] * 10 ** (pixels * (decades / inner)));
  const labelled = spread(ends);
  const known = [...MARKS, ["time for a question", state.budget] as const];
  const beside = spread(known.map(([, time]) => time));
  const drawing = plot({
    width,
    height: HEIGHT,
    marginLeft: MARGIN.left,
    marginRight: right,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    ariaLabel: label,
    x: { type: "log", domain: [sizes[0], sizes.at(-1) ?? 1e7], label: null },
    y: { type: "log", domain, label: null },
    style: { fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible" },
    marks: [
      ruleY(MARKS, { y: ([, time]: readonly [string, number]) => time, stroke: "var(--rule)" }),
      axisY({
        ticks: ticks.map(([, time]) => time),
        tickSize: 4,
        tickFormat: (time: number) => ticks.find(([, one]) => one === time)?.[0] ?? "",
        label: null,
      }),
      axisX({
        ticks: narrow ? [1e3, 1e5, 1e7] : [1e3, 1e4, 1e5, 1e6, 1e7],
        tickFormat: (count: number) => roundCountText(count),
        label: "documents",
        labelAnchor: "center",
        labelArrow: "none",
      }),
      ruleX([state.documents], { stroke: "currentColor", strokeDasharray: "2 3" }),
      ruleY([state.budget], { stroke: "var(--answers)", strokeDasharray: "1 3", strokeWidth: 2 }),
      ...LINES.map(({ what, colour, dashes }) =>
        line(
          points.filter((point) => point.what === what),
          { x: "documents", y: "time", stroke: colour, strokeWidth: 2, ...(dashes === undefined ? {} : { strokeDasharray: dashes }) },
        ),
      ),
      dot(LINES, {
        x: () => state.documents,
        y: ({ what }: { what: keyof Plan }) => at(what),
        r: 5,
        fill: ({ colour, dashes }: (typeof LINES)[number]) => (dashes === undefined ? colour : "var(--raised)"),
        stroke: "colour",
        strokeWidth: 2,
        title: ({ what, name }: (typeof LINES)[number]) => `${name}: ${timeText(at(what))}`,
      }),
      text(known, {
        x: () => sizes[0],
        y: (_known: unknown, i: number) => beside[i],
        text: ([name]: readonly [string, number]) => name,
        textAnchor: "start",
        dx: 4,
        dy: -8,
        fontStyle: "italic",
        fill: ([, time]: readonly [string, number]) => (time === state.budget ? "var(--answers)" : "var(--ink-soft)"),
        stroke: "var(--raised)",
        strokeWidth: 3,
      }),
      text(LINES, {
        x: () => sizes.at(-1),
        y: (_line: unknown, i: number) => labelled[i],
        text: ({ name, short }: { name: string; short: string }) => (narrow ? short : name),
        textAnchor: "start",
        dx: 8,
        fill: "colour",
        fontWeight: 600,
      }),
    ],
  });
  drawing.setAttribute("role", "img");
  return drawing;
}
