/** Lines over a value that the reader chooses: their names at their ends, and a rule at the chosen value that can be dragged. */

import "./lines.css";
import { areaY, axisX, axisY, dot, line, plot, ruleY, text, type Markish } from "@observablehq/plot";
import { h, svg } from "./dom";
import { apart, Chart } from "./chart";

/** A point of a line. */
export type Point = readonly [x: number, y: number];

/** A line. Its dashes and its name tell it apart, so that colour isn't needed. */
export interface Line {
  readonly name: string;
  /** Its name where there is little room. */
  readonly short?: string;
  readonly colour: string;
  readonly dashes?: string;
  /** Ascending in x. */
  readonly points: readonly Point[];
  /** What lies around it. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
  /** Each point is marked, as what lies between them wasn't measured. */
  readonly marked?: boolean;
}

/** What is drawn. */
export interface LineGraph {
  readonly lines: readonly Line[];
  readonly x: { readonly domain: readonly [number, number]; readonly ticks: readonly number[]; readonly label: string; readonly format?: (value: number) => string };
  readonly y: { readonly domain: readonly [number, number]; readonly label: string; readonly format: (value: number) => string; readonly ticks?: number };
  readonly height: number;
  /** The whole in words, for those who don't see it. */
  readonly words: string;
  /** Drawn behind the lines. */
  readonly behind?: readonly Markish[];
}

/** How the rule moves. */
export interface RuleParts {
  /** Least distance of two values. */
  readonly step: number;
  /** Called while it is dragged. */
  readonly onMove: (value: number) => void;
  /** Called when it is let go. */
  readonly onDrop: (value: number) => void;
}

const STYLE = { fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible" } as const;
const MARGIN = { top: 26, bottom: 38, left: 46 };
/** Least distance of two labels, in pixels. */
const LABEL = 15;
/** Narrower than this, lines have their short names. */
const NARROW = 520;

type Drawing = ReturnType<typeof plot>;

/** The chart in its place. */
export class LineChart {
  readonly root = h("div", { class: "chart lines" });
  readonly #chart = new Chart(this.root);
  #drawing: Drawing | undefined;
  #graph: LineGraph | undefined;
  #at: number | undefined;

  /** Without `rule` nothing can be dragged. */
  constructor(rule?: RuleParts) {
    if (rule !== undefined) this.#makeDraggable(rule);
  }

  /** Draws a graph. The rule stands at `at`, if there is one. */
  show(graph: LineGraph, at?: number): void {
    this.#graph = graph;
    this.#at = at;
    this.#chart.show((width) => {
      this.#drawing = drawLines(graph, width);
      this.#drawRule();
      return this.#drawing;
    });
  }

  /** Moves the rule. */
  set at(value: number) {
    if (value === this.#at) return;
    this.#at = value;
    this.#drawRule();
  }

  #drawRule(): void {
    const [drawing, graph, at] = [this.#drawing, this.#graph, this.#at];
    if (drawing === undefined || graph === undefined || at === undefined) return;
    const [x, y] = [drawing.scale("x"), drawing.scale("y")];
    const left = Number(x?.apply(at));
    const [bottom, top] = [Number(y?.apply(graph.y.domain[0])), Number(y?.apply(graph.y.domain[1]))];
    const dots = graph.lines.flatMap(({ points, colour }) => {
      const value = valueAt(points, at);
      return value === undefined ? [] : [svg("circle", { cx: left, cy: Number(y?.apply(value)), r: 5, fill: colour, stroke: "var(--raised)", "stroke-width": 1.5 })];
    });
    const group = svg("g", { class: "rule" });
    group.append(
      svg("line", { x1: left, x2: left, y1: bottom, y2: top, stroke: "currentColor", "stroke-width": 1.5 }),
      svg("path", { d: `M${left - 6},${top - 9}h12l-6,8z`, fill: "currentColor" }),
      ...dots,
    );
    drawing.querySelector(".rule")?.remove();
    drawing.append(group);
  }

  #makeDraggable({ step, onMove, onDrop }: RuleParts): void {
    this.root.classList.add("draggable");
    let from: number | undefined;
    const valueOf = ({ clientX }: PointerEvent): number | undefined => {
      const [x, graph] = [this.#drawing?.scale("x"), this.#graph];
      if (this.#drawing === undefined || graph === undefined) return undefined;
      const place = Number(x?.invert?.(clientX - this.#drawing.getBoundingClientRect().left));
      const [low, high] = graph.x.domain;
      return Math.max(low, Math.min(high, Number((Math.round(place / step) * step).toFixed(6))));
    };
    this.root.addEventListener("pointerdown", (event) => {
      const value = valueOf(event);
      if (event.button !== 0 || value === undefined) return;
      from = this.#at;
      this.root.setPointerCapture(event.pointerId);
      onMove(value);
    });
    this.root.addEventListener("pointermove", (event) => {
      const value = valueOf(event);
      if (from !== undefined && value !== undefined) onMove(value);
    });
    this.root.addEventListener("pointerup", (event) => {
      const value = valueOf(event);
      if (from === undefined || value === undefined) return;
      from = undefined;
      onDrop(value);
    });
    // A finger that turned out to be scrolling.
    this.root.addEventListener("pointercancel", () => {
      if (from === undefined) return;
      onMove(from);
      from = undefined;
    });
  }
}

/** What a line has at a value, straight between its points; undefined beyond its ends. */
export function valueAt(points: readonly Point[], x: number): number | undefined {
  const after = points.findIndex(([px]) => px >= x);
  const [next, before] = [points[after], points[after - 1]];
  if (next === undefined) return undefined;
  if (next[0] === x) return next[1];
  if (before === undefined) return undefined;
  return before[1] + ((x - before[0]) / (next[0] - before[0])) * (next[1] - before[1]);
}

function drawLines({ lines, x, y, height, words, behind = [] }: LineGraph, width: number): Drawing {
  const narrow = width < NARROW;
  const right = narrow ? 92 : 170;
  const inner = height - MARGIN.top - MARGIN.bottom;
  const [low, high] = y.domain;
  const unit = (high - low) / inner;
  const ends = lines.map(({ points }) => points.at(-1) ?? ([x.domain[1], low] as const));
  const places = apart(ends.map(([, value]) => value), LABEL * unit, low - 6 * unit, high);
  const labels = lines.map(({ name, short, colour }, i) => ({ place: places[i] ?? 0, words: narrow ? (short ?? name) : name, colour }));
  const drawing = plot({
    width,
    height,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    marginRight: right,
    x: { type: "linear", domain: [...x.domain], label: null },
    y: { type: "linear", domain: [...y.domain], label: null },
    color: { type: "identity" },
    ariaLabel: words,
    style: STYLE,
    marks: [
      axisX({ ticks: [...x.ticks], tickFormat: x.format ?? String, label: x.label === "" ? null : x.label, labelAnchor: "left", labelArrow: "none", labelOffset: 34 }),
      axisY({ ticks: y.ticks ?? 5, tickFormat: y.format, label: y.label, labelArrow: "none" }),
      ruleY([low], { stroke: "var(--control)" }),
      ...behind,
      ...lines.map(({ band, colour }) =>
        band === undefined ? null : areaY(band, { x: "0", y1: "1", y2: "2", fill: colour, fillOpacity: 0.16 }),
      ),
      ...lines.map(({ points, colour, dashes }) =>
        line(points, { x: "0", y: "1", stroke: colour, strokeWidth: 2.25, strokeLinejoin: "round", ...(dashes === undefined ? {} : { strokeDasharray: dashes }) }),
      ),
      ...lines.map(({ points, colour, marked }) => (marked === true ? dot(points, { x: "0", y: "1", r: 3, fill: "var(--raised)", stroke: colour, strokeWidth: 1.75 }) : null)),
      text(labels, { x: () => x.domain[1], y: "place", text: "words", fill: "colour", textAnchor: "start", dx: 8, fontWeight: 600 }),
    ],
  });
  drawing.setAttribute("role", "img");
  return drawing;
}
