/** A chart of what passages cost by their length: as a vector, and in a pair. */

import { axisX, axisY, dot, gridY, line, plot, ruleY, text } from "@observablehq/plot";
import { costAt, type LengthCost } from "../../../measuring/costs";
import { setTimeText, timeText } from "../../../measuring/quantities";

/** The two costs, and how they are shown. */
const LINES = [
  { what: "read", name: "reading a pair", colour: "var(--judge)", symbol: "square" },
  { what: "embed", name: "making a vector", colour: "var(--scout)", symbol: "circle" },
] as const;

/** Draws it at a width in pixels. */
export function drawLengths(lengths: readonly LengthCost[], label: string, width: number): Element {
  const points = LINES.flatMap(({ what }) => lengths.map((length) => ({ words: length.words, cost: length[what], what })));
  const most = Math.max(...points.map(({ cost }) => cost), 1e-3);
  const last = lengths.at(-1)?.words ?? 1;
  const ends = LINES.map(({ what, name }) => ({ words: last, cost: costAt(lengths, last, what), name, what }));
  const [upper, lower] = [...ends].sort((a, b) => b.cost - a.cost).map(({ what }) => what);
  const drawing = plot({
    width,
    height: 210,
    marginLeft: 56,
    marginRight: 18,
    marginTop: 24,
    marginBottom: 40,
    ariaLabel: label,
    x: { domain: [0, last], label: null },
    y: { domain: [0, most * 1.08], label: null },
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", overflow: "visible" },
    marks: [
      gridY({ ticks: 4, stroke: "var(--rule)", strokeOpacity: 1 }),
      axisY({ ticks: 4, tickSize: 0, tickFormat: (value: number) => (value === 0 ? "0" : setTimeText(value)), label: null }),
      axisX({ ticks: [0, ...lengths.map(({ words }) => words)], tickFormat: String, label: "words in the passage", labelAnchor: "center", labelArrow: "none" }),
      ruleY([0], { stroke: "currentColor" }),
      ...LINES.flatMap(({ what, colour, symbol }) => {
        const own = points.filter((point) => point.what === what);
        return [
          line(own, { x: "words", y: "cost", stroke: colour, strokeWidth: 2 }),
          dot(own, { x: "words", y: "cost", fill: colour, symbol, r: 4, title: ({ cost, words }: { cost: number; words: number }) => `${words} words: ${timeText(cost)}` }),
        ];
      }),
      ...ends.map((end) =>
        text([end], {
          x: "words",
          y: "cost",
          text: "name",
          textAnchor: "end",
          // The upper line's name above its end, the other's below.
          dy: end.what === upper ? -14 : end.what === lower ? 18 : 0,
          dx: 6,
          fontWeight: 600,
          stroke: "var(--raised)",
          strokeWidth: 4,
          fill: LINES.find(({ what }) => what === end.what)?.colour ?? "currentColor",
        }),
      ),
    ],
  });
  drawing.setAttribute("role", "img");
  return drawing;
}
