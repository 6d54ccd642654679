/** First stages on the page: recall by pool, and what each is against the vectors alone. */

import "../../../style/exhibits-retrievers.css";
import { FIRST_STAGES } from "../../../measuring/first-stages";
import { drawIntervals } from "../../../measuring/verdict-charts";
import { LIMITS } from "../../../state";
import { Choice } from "../../../view/choice";
import { decimal, h } from "../../../view/dom";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { LineChart, type LineGraph, type Point } from "../../../view/lines";
import { Slider } from "../../slider";
import { Numbers } from "../../../view/table";
import { GROUP_KEYS, type GroupKey } from "../pool/curves";
import type { RetrieversData, RetrieversInput, RetrieversState } from "../retrievers";
import { againstText, measuresOf, measureTable, OTHERS, poolText, recallTable, type Measure } from "./findings";
import { STAGES } from "./stages";

/** The drawing and its controls. */
export class RetrieversShowing implements Showing<RetrieversState, RetrieversInput, RetrieversData> {
  readonly #stage: Stage<RetrieversState>;
  readonly #slider: Slider;
  readonly #group: Choice<GroupKey>;
  readonly #finding = h("p", { class: "finding" });
  readonly #lines: LineChart;
  readonly #panels = [0, 1, 2].map(() => {
    const place = h("div", { class: "chart" });
    const [title, words] = [h("p", { class: "panel-title" }), h("p", { class: "hint" })];
    return { root: h("section", {}, title, place, words), title, words, chart: new Chart(place) };
  });
  readonly #measures = new Numbers("The comparison in numbers");
  readonly #recalls = new Numbers("Recall of all pools in numbers");
  #state: RetrieversState | undefined;
  #run: Run<RetrieversInput, RetrieversData> | undefined;
  #drawn: { readonly data: RetrieversData; readonly group: GroupKey } | undefined;

  constructor(stage: Stage<RetrieversState>) {
    this.#stage = stage;
    const { prefix, corpus } = stage;
    const change = (part: Partial<RetrieversState>): void => {
      if (this.#state !== undefined) stage.change({ ...this.#state, ...part });
    };
    const { min, max } = LIMITS.pool;
    this.#slider = new Slider({
      id: `${prefix}-pool`,
      label: "Pool",
      hint: "whose recall is compared",
      values: Array.from({ length: max - min + 1 }, (_, i) => min + i),
      text: String,
      onInput: (pool) => change({ pool }),
    });
    const traps = corpus.queries.filter(({ trap }) => trap !== null).length;
    const sizes: Readonly<Record<GroupKey, string>> = { all: `all (${corpus.queries.length})`, traps: `traps (${traps})` };
    this.#group = new Choice("Questions", `${prefix}-group`, GROUP_KEYS.map((group) => [group, sizes[group]]), (group) => change({ group }));
    this.#lines = new LineChart({ step: 1, onMove: (pool) => this.#point(pool), onDrop: (pool) => change({ pool }) });
    stage.root.replaceChildren(
      h("div", { class: "controls choices" }, this.#slider.root, this.#group.root),
      this.#finding,
      h("div", { class: "drawing" }, this.#lines.root),
      h("p", {}, "Against the bi-encoder alone: the difference of the means and its 95 % interval."),
      h("div", { class: "drawing stage-panels" }, ...this.#panels.map(({ root }) => root)),
      this.#measures.root,
      this.#recalls.root,
    );
  }

  draw(state: RetrieversState, run: Run<RetrieversInput, RetrieversData> | undefined): void {
    this.#state = state;
    this.#run = run;
    this.#group.value = state.group;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run !== undefined && (this.#drawn?.data !== run.data || this.#drawn.group !== state.group)) {
      this.#drawn = { data: run.data, group: state.group };
      const group = run.data[state.group];
      this.#lines.show(recallGraph(group), state.pool);
      this.#recalls.show(() => recallTable(group));
      measuresOf(group, state.pool, run.input.reranked).forEach((measure, i) => this.#drawPanel(i, measure));
    }
    this.#point(state.pool);
  }

  #drawPanel(position: number, measure: Measure | undefined): void {
    const panel = this.#panels[position];
    if (panel === undefined || measure === undefined) return;
    panel.title.textContent = measure.name;
    panel.words.textContent = againstText(measure);
    panel.chart.show((width) => drawDifferences(measure, width));
  }

  /** Moves the rule, and says what is there. */
  #point(pool: number): void {
    const [state, run] = [this.#state, this.#run];
    this.#slider.value = pool;
    if (state === undefined || run === undefined) return;
    const group = run.data[state.group];
    this.#lines.at = pool;
    this.#finding.textContent = poolText(group, pool);
    const measures = measuresOf(group, pool, run.input.reranked);
    // The others have nothing to do with the pool.
    this.#drawPanel(0, measures[0]);
    this.#measures.show(() => measureTable(measures));
  }
}

function recallGraph({ stages, n }: RetrieversData["all"]): LineGraph {
  const deepest = stages.dense.recall.length;
  return {
    lines: FIRST_STAGES.map((stage) => {
      const { name, short, colour, dashes } = STAGES[stage];
      const points = stages[stage].recall.map((value, i): Point => [i + 1, value]);
      return { name, short, colour, points, ...(dashes === undefined ? {} : { dashes }) };
    }),
    x: { domain: [1, deepest], ticks: [1, 10, 20, 30, 40, 50].filter((tick) => tick <= deepest), label: "pool: candidates that could be reranked" },
    y: { domain: [0, 1], label: "recall of the pool", format: (value) => decimal(value, 1) },
    height: 320,
    words: `Recall of pools from 1 to ${deepest} for four first stages, mean over ${n} questions. The numbers are in the tables below.`,
  };
}

function drawDifferences(measure: Measure, width: number): Element {
  const rows = OTHERS.map((stage) => {
    const { short, colour } = STAGES[stage];
    return { name: short, interval: measure.difference(stage).difference, colour, strong: measure.difference(stage).verdict !== "unclear" };
  });
  const words = `${measure.name}, against the bi-encoder alone. ${againstText(measure)} The numbers are in the table below.`;
  return drawIntervals({ rows, label: "difference from the bi-encoder alone", differences: true, words }, width);
}
