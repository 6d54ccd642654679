/** The logits of one model as three histograms one above the other, and the threshold through all of them. */

import { axisX, plot, rectY, ruleX, ruleY, text } from "@observablehq/plot";
import { MARKS, type Mark } from "../../../labels";
import { svg } from "../../../view/dom";
import type { LogitsByMark } from "../logits";
import { histogram, MARK_ORDER, sigmoid } from "./findings";

/** What is drawn. */
export interface Strips {
  readonly logits: LogitsByMark;
  /** The stretch of logits that the raw view shows. */
  readonly extent: readonly [number, number];
  readonly view: "raw" | "sigmoid";
  /** The whole in words, for those who don't see it. */
  readonly words: string;
}

/** A drawing whose threshold can be moved. */
export interface StripsDrawing {
  readonly element: SVGSVGElement | HTMLElement;
  /** Moves the threshold, a logit. */
  moveTo(threshold: number): void;
  /** The number of the axis at a place, in pixels from the left. */
  at(x: number): number;
}

const COLOURS: Readonly<Record<Mark, string>> = { answers: "var(--answers)", "near-miss": "var(--near)", off: "var(--control)" };
const ROW = 84;
const MARGIN = { top: 6, right: 12, bottom: 40, left: 12 };

/** Draws the histograms. */
export function drawStrips({ logits, extent, view, words }: Strips, threshold: number, width: number): StripsDrawing {
  const [low, high] = view === "raw" ? extent : [0, 1];
  const bins = view === "raw" ? Math.min(80, Math.max(20, (high - low) * 4)) : 50;
  const rows = MARK_ORDER.flatMap((mark) => {
    const values = view === "raw" ? logits[mark] : logits[mark].map(sigmoid);
    return histogram(values, low, high, bins).map((bin) => ({ ...bin, mark, colour: COLOURS[mark] }));
  });
  const most = Math.max(0.01, ...rows.map(({ share }) => share));
  const names = MARK_ORDER.map((mark) => ({ mark, words: `${MARKS[mark].sign} ${MARKS[mark].word} (${logits[mark].length})` }));
  const drawing = plot({
    width,
    height: ROW * MARK_ORDER.length + MARGIN.top + MARGIN.bottom,
    marginTop: MARGIN.top,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    x: { type: "linear", domain: [low, high], label: null },
    // Room above the bars for the name of the row.
    y: { domain: [0, most * 1.3], axis: null },
    fy: { domain: MARK_ORDER, axis: null, padding: 0.06 },
    color: { type: "identity" },
    ariaLabel: words,
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", overflow: "visible" },
    marks: [
      axisX({ label: view === "raw" ? "logit" : "sigmoid of the logit", labelAnchor: "left", labelArrow: "none", labelOffset: 36, ticks: width < 480 ? 6 : 10 }),
      view === "raw" ? ruleX([0], { stroke: "var(--rule)" }) : null,
      ruleY([0], { stroke: "var(--rule)" }),
      rectY(rows, { fy: "mark", x1: "from", x2: "to", y: "share", fill: "colour", insetLeft: 0.5, insetRight: 0.5 }),
      text(names, { fy: "mark", frameAnchor: "top-left", text: "words", dx: 4, dy: 2, fill: "currentColor", fontWeight: 600, stroke: "var(--raised)", strokeWidth: 4 }),
    ],
  });
  drawing.setAttribute("role", "img");
  const [x, height] = [drawing.scale("x"), ROW * MARK_ORDER.length + MARGIN.top];
  const shade = svg("rect", { class: "below", x: MARGIN.left, y: 0, height });
  const line = svg("line", { class: "threshold", y1: 0, y2: height });
  // Over the bars, but under the names of the rows, which are drawn last.
  drawing.insertBefore(shade, drawing.lastElementChild);
  drawing.append(line);
  const moveTo = (value: number): void => {
    const place = Number(x?.apply(view === "raw" ? value : sigmoid(value)));
    const within = Math.max(MARGIN.left, Math.min(width - MARGIN.right, place));
    shade.setAttribute("width", String(within - MARGIN.left));
    line.setAttribute("x1", String(within));
    line.setAttribute("x2", String(within));
  };
  moveTo(threshold);
  return { element: drawing, moveTo, at: (pixels) => Number(x?.invert?.(pixels)) };
}
