/** Quality against time: every way as a dot, the compared ones with their intervals and names. */

import { axisX, axisY, gridY, line, plot, ruleX, text } from "@observablehq/plot";
import { setTimeText, timeText } from "../../../measuring/quantities";
import { decimal } from "../../../view/dom";
import { withDots } from "../../../view/dots";
import { nameOf } from "./findings";
import { sameWay, type Measured } from "./knobs";

/** What is drawn. */
export interface Scatter {
  readonly ways: readonly Measured[];
  /** Those that are compared. */
  readonly compared: readonly Measured[];
  readonly label: string;
  readonly onPoint: (way: Measured | undefined) => void;
}

const HEIGHT = 300;
const MARGIN = { top: 24, right: 16, bottom: 42, left: 46 };
/** Height of a line of names, in pixels. */
const LINE = 17;

/** How each kind looks. */
const COLOURS: Readonly<Record<Measured["by"], string>> = {
  first: "var(--scout)",
  small: "var(--risen)",
  large: "var(--judge)",
  cascade: "var(--ink)",
};

/** Draws it at a width in pixels. */
export function drawScatter({ ways, compared, label, onPoint }: Scatter, width: number): HTMLElement {
  const most = Math.max(...ways.map(({ time }) => time.p50), 1);
  const low = Math.min(...ways.map(({ ndcg }) => ndcg.mean), ...compared.map(({ ndcg }) => ndcg.low));
  const high = Math.max(...ways.map(({ ndcg }) => ndcg.mean), ...compared.map(({ ndcg }) => ndcg.high));
  const room = Math.max(0.01, (high - low) * 0.06);
  const domain: [number, number] = [Math.max(0, low - room), Math.min(1, high + room)];
  // Each name has a line of its own above the dots, and a thin rule leads down to its interval.
  const lines = inLines(compared, most / 2);
  const top = MARGIN.top + LINE * lines.length;
  const unit = (domain[1] - domain[0]) / HEIGHT;
  const heightOf = (way: Measured): number => domain[1] + (LINE * (lines.length - lines.indexOf(way)) - LINE / 2) * unit;
  const names = (side: "start" | "end") =>
    text(
      lines.filter((way) => sideOf(way, most / 2) === side),
      {
        x: ({ time }: Measured) => time.p50,
        y: heightOf,
        text: nameOf,
        textAnchor: side,
        dx: side === "start" ? 5 : -5,
        fontWeight: 600,
        fill: ({ by }: Measured) => COLOURS[by],
        stroke: "var(--raised)",
        strokeWidth: 4,
      },
    );
  const drawing = plot({
    width,
    height: HEIGHT + top + MARGIN.bottom,
    marginTop: top,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    ariaLabel: label,
    x: { domain: [0, most * 1.04], label: null },
    y: { domain, label: null },
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", overflow: "visible" },
    marks: [
      gridY({ ticks: 5, stroke: "var(--rule)", strokeOpacity: 1 }),
      axisY({ ticks: 5, tickSize: 0, tickFormat: (value: number) => value.toFixed(2), label: null }),
      text(["nDCG@10"], { frameAnchor: "top-left", dx: -MARGIN.left, dy: -14, textAnchor: "start", fill: "currentColor" }),
      axisX({ ticks: width < 520 ? 4 : 7, tickFormat: (value: number) => (value === 0 ? "0" : setTimeText(value)), label: "time for a question (the median)", labelAnchor: "center", labelArrow: "none" }),
      ...(["large", "small"] as const).map((by) =>
        line(
          ways.filter((way) => way.by === by),
          { x: ({ time }: Measured) => time.p50, y: ({ ndcg }: Measured) => ndcg.mean, stroke: COLOURS[by], strokeWidth: 1.5 },
        ),
      ),
      ruleX(compared, {
        x: ({ time }: Measured) => time.p50,
        y1: ({ ndcg }: Measured) => ndcg.low,
        y2: ({ ndcg }: Measured) => ndcg.high,
        stroke: ({ by }: Measured) => COLOURS[by],
        strokeWidth: 2,
      }),
      ruleX(lines, {
        x: ({ time }: Measured) => time.p50,
        y1: ({ ndcg }: Measured) => ndcg.high,
        y2: heightOf,
        stroke: ({ by }: Measured) => COLOURS[by],
        strokeWidth: 1,
        strokeDasharray: "1 3",
      }),
      names("start"),
      names("end"),
    ],
  });
  drawing.setAttribute("role", "img");
  // What is compared lies on top of the others.
  const chosen = (way: Measured): boolean => compared.some((one) => sameWay(one, way));
  const order = [...ways].sort((a, b) => Number(chosen(a)) - Number(chosen(b)));
  return withDots({
    drawing,
    label: "All ways that were measured",
    dots: order.map((way) => ({
      x: way.time.p50,
      y: way.ndcg.mean,
      label: `${nameOf(way)}: nDCG@10 ${decimal(way.ndcg.mean, 3)}, ${timeText(way.time.p50)}`,
      look: `way-${way.by}${chosen(way) ? " chosen" : ""}`,
    })),
    onPoint: (position) => onPoint(position === undefined ? undefined : order[position]),
  });
}

/** On which side of its rule a name stands: towards the middle. */
function sideOf({ time }: Measured, middle: number): "start" | "end" {
  return time.p50 <= middle ? "start" : "end";
}

/** Ways in the order of their lines, those at the edges on top: so names and rules are least in each other's way. */
function inLines(ways: readonly Measured[], middle: number): Measured[] {
  return [...ways].sort((a, b) => Math.abs(b.time.p50 - middle) - Math.abs(a.time.p50 - middle));
}
