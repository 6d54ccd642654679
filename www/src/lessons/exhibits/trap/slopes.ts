/** A slope graph: a line for each passage, from its score for one question to its score for the other. */

import { axisX, dot, line, plot, text } from "@observablehq/plot";
import { svg } from "../../../view/dom";
import { apart } from "../../../view/chart";

/** A line of the graph. */
export interface Slope {
  readonly name: string;
  readonly scores: readonly [number, number];
  /** The signs of what the labels say, for each question; empty where they say nothing. */
  readonly signs: readonly [string, string];
}

/** What is drawn. */
export interface SlopeGraph {
  readonly slopes: readonly Slope[];
  readonly columns: readonly [string, string];
  readonly digits: number;
  readonly colour: string;
  /** The whole in words, for those who don't see it. */
  readonly label: string;
}

const HEIGHT = 314;
const MARGIN = { top: 20, bottom: 48, left: 72 };
/** Width of a letter, roughly, in pixels. */
const LETTER = 7;
/** Least distance of two labels, in pixels. */
const LINE = 17;

/** A score with its minus sign. */
const number = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");

/** Draws the graph; the dots of the class "now" are where the asked question has them. */
export function drawSlopes({ slopes, columns, digits, colour, label }: SlopeGraph, asked: 0 | 1, width: number): Element {
  const all = slopes.flatMap(({ scores }) => scores);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  // Where all scores are the same, any height will do.
  const room = high > low ? 0 : 1;
  const domain: [number, number] = [low - room, high + room];
  const longest = Math.max(...slopes.map(({ name }) => name.length)) + digits + 7;
  const right = Math.min(longest * LETTER, width * 0.5);
  const unit = (domain[1] - domain[0]) / (HEIGHT - MARGIN.top - MARGIN.bottom);
  const sides = ([0, 1] as const).map((side) => {
    const places = apart(slopes.map(({ scores }) => scores[side]), LINE * unit, domain[0] - 8 * unit, domain[1] + 8 * unit);
    const best = Math.max(...slopes.map(({ scores }) => scores[side]));
    return slopes.map(({ name, scores, signs }, i) => {
      const value = number(scores[side], digits);
      const words = side === 0 ? `${signs[0]} ${value}` : `${value} ${signs[1]} ${name}`;
      return { side, score: scores[side], place: places[i] ?? 0, words, best: scores[side] === best };
    });
  });
  const labels = (side: 0 | 1, best: boolean) =>
    text(
      (sides[side] ?? []).filter((one) => one.best === best),
      {
        x: "side",
        y: "place",
        text: "words",
        textAnchor: side === 0 ? "end" : "start",
        dx: side === 0 ? -14 : 14,
        fontWeight: best ? 700 : 400,
        lineWidth: 30,
      },
    );
  const drawing = plot({
    width,
    height: HEIGHT,
    marginTop: MARGIN.top,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    marginRight: right,
    x: { type: "linear", domain: [0, 1], label: null },
    y: { domain, axis: null },
    ariaLabel: label,
    style: { fontSize: "13px", fontFamily: "inherit", background: "none", overflow: "visible" },
    marks: [
      axisX({ ticks: [0, 1], tickSize: 0, tickPadding: 18, tickFormat: (side: number) => columns[side === 0 ? 0 : 1], fontSize: 12 }),
      line(
        slopes.flatMap(({ name, scores }) => scores.map((score, side) => ({ name, score, side }))),
        { x: "side", y: "score", z: "name", stroke: colour, strokeWidth: 2 },
      ),
      dot(sides.flat(), { x: "side", y: "score", r: 3, fill: colour }),
      labels(0, false),
      labels(0, true),
      labels(1, false),
      labels(1, true),
    ],
  });
  const [x, y] = [drawing.scale("x"), drawing.scale("y")];
  for (const { scores } of slopes) {
    const circle = svg("circle", { class: "now", r: 6, fill: colour });
    const at = (side: 0 | 1): string => `translate(${Number(x?.apply(side))}px, ${Number(y?.apply(scores[side]))}px)`;
    circle.style.setProperty("--at-0", at(0));
    circle.style.setProperty("--at-1", at(1));
    drawing.append(circle);
  }
  drawing.setAttribute("data-asked", String(asked));
  return drawing;
}
