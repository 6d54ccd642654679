/** Two charts of the same pairs: one logit against the other, and what is between them. */

import { axisX, axisY, link, plot, ruleY, text } from "@observablehq/plot";
import { decimal } from "../../../view/dom";
import { withDots, type Dot } from "../../../view/dots";
import type { QuantizedPair } from "../quantized";
import { BOUNDS, differenceOf } from "./findings";

/** What is drawn. */
export interface PairsChart {
  readonly pairs: readonly QuantizedPair[];
  /** What a pair's dot says, and where it leads. */
  readonly describe: (pair: QuantizedPair) => Pick<Dot, "label" | "href">;
  /** Called with the position among the pairs. */
  readonly onPoint: (position: number | undefined) => void;
}

const STYLE = { fontSize: "13px", fontFamily: "inherit", background: "none", overflow: "visible" } as const;
const MARGINS = { marginTop: 24, marginRight: 64, marginLeft: 52, marginBottom: 42 } as const;
const AXIS = { labelArrow: "none", labelAnchor: "left", labelOffset: 38 } as const;

/** The range of the floats in whole numbers. */
function extent(pairs: readonly QuantizedPair[]): [low: number, high: number] {
  const all = pairs.flatMap(({ float, eight }) => [float, eight]);
  return [Math.floor(Math.min(0, ...all)), Math.ceil(Math.max(1, ...all))];
}

/** The 8-bit logit of each pair over its float; on the line both are the same. */
export function drawAgainst({ pairs, describe, onPoint }: PairsChart, width: number): Element {
  const [low, high] = extent(pairs);
  const drawing = plot({
    width,
    height: Math.min(width, 400),
    ...MARGINS,
    x: { type: "linear", domain: [low, high], label: null },
    y: { type: "linear", domain: [low, high], label: null },
    ariaLabel: "The 8-bit logit of each pair over its float logit, with the line on which both are the same. The numbers are in the table below.",
    style: STYLE,
    marks: [
      axisX({ ...AXIS, label: "float logit", ticks: 6 }),
      axisY({ label: "8-bit logit", labelArrow: "none", ticks: 6 }),
      link([[low, high]], { x1: ([from]: number[]) => from, y1: ([from]: number[]) => from, x2: ([, to]: number[]) => to, y2: ([, to]: number[]) => to, stroke: "var(--control)" }),
    ],
  });
  drawing.setAttribute("role", "img");
  const dots = pairs.map((pair): Dot => ({ x: pair.float, y: pair.eight, look: "cross", ...describe(pair) }));
  return withDots({ drawing, dots, label: "Pairs, 8-bit logit over float", onPoint });
}

/** What is between the two, with the bounds that the tests hold. */
export function drawDifferences({ pairs, describe, onPoint }: PairsChart, width: number): Element {
  const [low, high] = extent(pairs);
  const most = Math.max(BOUNDS.most, ...pairs.map((pair) => Math.abs(differenceOf(pair)))) * 1.15;
  const bounds = [
    { at: BOUNDS.most, words: "most" },
    { at: BOUNDS.mean, words: "average" },
  ];
  const lines = bounds.flatMap(({ at }) => [at, -at]);
  const drawing = plot({
    width,
    height: 240,
    ...MARGINS,
    x: { type: "linear", domain: [low, high], label: null },
    y: { type: "linear", domain: [-most, most], label: null },
    ariaLabel: "What the 8-bit logit differs by from the float, over the float, with the bounds that the tests hold. The numbers are in the table below.",
    style: STYLE,
    marks: [
      axisX({ ...AXIS, label: "float logit", ticks: 6 }),
      axisY({ label: "8-bit less float (enlarged)", labelArrow: "none", ticks: 5, tickFormat: (value: number) => decimal(value, 2) }),
      ruleY(lines, { stroke: "var(--control)", strokeDasharray: "4 3" }),
      ruleY([0], { stroke: "currentColor" }),
      text(bounds, { x: () => high, y: "at", text: "words", textAnchor: "start", dx: 6, fill: "var(--ink-soft)" }),
    ],
  });
  drawing.setAttribute("role", "img");
  const dots = pairs.map((pair): Dot => ({ x: pair.float, y: differenceOf(pair), look: "cross", ...describe(pair) }));
  return withDots({ drawing, dots, label: "Pairs, difference over float", onPoint });
}
