/** The weight on the page: quality by weight, with what was learned on all questions and in each fold. */

import { dot, ruleX, ruleY, text } from "@observablehq/plot";
import { decimal, h } from "../../../view/dom";
import type { Run, Showing, Stage } from "../../exhibit";
import { LineChart, type LineGraph } from "../../../view/lines";
import { Slider } from "../../slider";
import { Numbers } from "../../../view/table";
import { STEP, type WeightData, type WeightInput, type WeightState } from "../weight";
import { believedText, curveTable, foldTable, gainText, learnedText, weightText } from "./findings";

const HEIGHT = 320;
/** Distance of two folds that chose the same weight, in pixels. */
const STACK = 11;

/** The drawing and its control. */
export class WeightShowing implements Showing<WeightState, WeightInput, WeightData> {
  readonly #stage: Stage<WeightState>;
  readonly #slider: Slider;
  readonly #chart: LineChart;
  readonly #readout = h("p", { class: "readout" });
  readonly #learned = h("p", { class: "finding" });
  readonly #believed = h("p");
  readonly #gain = h("p");
  readonly #curve = new Numbers("All weights in numbers");
  readonly #folds = new Numbers("The folds in numbers");
  #data: WeightData | undefined;

  constructor(stage: Stage<WeightState>) {
    this.#stage = stage;
    const choose = (weight: number): void => stage.change({ weight });
    this.#slider = new Slider({
      id: `${stage.prefix}-weight`,
      label: "Weight of the cosine",
      hint: "BM25 has the rest",
      values: Array.from({ length: Math.round(1 / STEP) + 1 }, (_, i) => Number((i * STEP).toFixed(2))),
      text: (weight) => decimal(weight, 2),
      onInput: choose,
    });
    this.#chart = new LineChart({ step: STEP, onMove: (weight) => this.#point(weight), onDrop: choose });
    stage.root.replaceChildren(
      h("div", { class: "controls choices" }, this.#slider.root),
      this.#readout,
      h("div", { class: "drawing" }, this.#chart.root),
      h("p", { class: "hint" }, "Triangles: the weights that the folds chose, each without the questions that it was then tried on. The axis of nDCG@10 is cut: it doesn’t begin at 0."),
      this.#learned,
      this.#believed,
      this.#gain,
      this.#curve.root,
      this.#folds.root,
    );
  }

  draw({ weight }: WeightState, run: Run<WeightInput, WeightData> | undefined): void {
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    const data = run?.data;
    const at = weight ?? data?.weight ?? 1;
    if (data !== undefined && this.#data !== data) {
      this.#data = data;
      this.#chart.show(graphOf(data), at);
      this.#learned.textContent = learnedText(data);
      this.#believed.textContent = believedText(data);
      this.#gain.textContent = gainText(data);
      this.#curve.show(() => curveTable(data));
      this.#folds.show(() => foldTable(data));
    }
    this.#point(at);
  }

  #point(weight: number): void {
    this.#slider.value = weight;
    if (this.#data === undefined) return;
    this.#chart.at = weight;
    this.#readout.textContent = weightText(this.#data, weight);
  }
}

function graphOf(data: WeightData): LineGraph {
  const { curve, weight, folds, rrf } = data;
  const values = [rrf, ...curve.map(({ ndcg }) => ndcg)];
  const low = Math.max(0, Math.floor((Math.min(...values) - 0.04) * 20) / 20);
  const high = Math.min(1, Math.ceil(Math.max(...values) * 20 + 0.2) / 20);
  const unit = (high - low) / (HEIGHT - 64);
  const seen = new Map<number, number>();
  const triangles = folds.map((fold) => {
    const below = seen.get(fold.weight) ?? 0;
    seen.set(fold.weight, below + 1);
    return { weight: fold.weight, place: low + (below + 0.7) * STACK * unit };
  });
  return {
    lines: [
      { name: "weighted sum", short: "sum", colour: "var(--ink)", marked: true, points: curve.map((one) => [one.weight, one.ndcg]) },
      { name: "rank fusion", short: "RRF", colour: "var(--risen)", dashes: "2 3", points: [[0, rrf], [1, rrf]] },
    ],
    x: { domain: [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], format: (value) => ({ 0: "0 BM25", 1: "1 cosine" })[value] ?? decimal(value, 2), label: "weight of the cosine" },
    y: { domain: [low, high], label: `mean nDCG@10, from ${decimal(low, 2)}`, format: (value) => decimal(value, 2) },
    height: HEIGHT,
    words: `Mean nDCG@10 by the weight of the cosine, from 0 to 1. ${learnedText(data)}`,
    behind: [
      ruleY([low], { stroke: "var(--control)", strokeDasharray: "3 3" }),
      ruleX([weight], { stroke: "var(--answers)", strokeWidth: 7, strokeOpacity: 0.4 }),
      text([weight], { x: (at: number) => at, y: () => high, text: () => `learned: ${decimal(weight, 2)}`, fill: "var(--answers)", fontWeight: 600, textAnchor: weight > 0.5 ? "end" : "start", dx: weight > 0.5 ? -8 : 8, dy: 7 }),
      dot(triangles, { x: "weight", y: "place", symbol: "triangle", r: 4.5, fill: "var(--answers)" }),
    ],
  };
}
