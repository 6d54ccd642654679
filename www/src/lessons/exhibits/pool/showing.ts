/** The pool on the page: recall and quality above, time below, over one axis; a rule through both that is the pool. */

import "../../../style/exhibits-pool.css";
import { Choice } from "../../../view/choice";
import { h } from "../../../view/dom";
import { LIMITS } from "../../../state";
import type { Run, Showing, Stage } from "../../exhibit";
import { LineChart } from "../../../view/lines";
import { Slider } from "../../slider";
import { Numbers } from "../../../view/table";
import type { PoolData, PoolInput, PoolState } from "../pool";
import { GROUP_KEYS, METRIC_KEYS, type GroupKey, type MetricKey } from "./curves";
import { ceilingText, latencyText, METRIC_NAMES, overallText, qualityText, READING, tableOf } from "./findings";
import { qualityGraph, timeGraph } from "./graphs";

/** The drawing and its controls. */
export class PoolShowing implements Showing<PoolState, PoolInput, PoolData> {
  readonly #stage: Stage<PoolState>;
  readonly #slider: Slider;
  readonly #group: Choice<GroupKey>;
  readonly #metric: Choice<MetricKey>;
  readonly #ceiling = h("p", { class: "finding" });
  readonly #quality = h("p");
  readonly #latency = h("p");
  readonly #charts: readonly [LineChart, LineChart];
  readonly #overall = h("p", { class: "hint" });
  readonly #numbers = new Numbers("All pools in numbers");
  #state: PoolState | undefined;
  #data: PoolData | undefined;
  /** What the charts were drawn of. */
  #drawn: { readonly data: PoolData; readonly group: GroupKey; readonly metric: MetricKey } | undefined;

  constructor(stage: Stage<PoolState>) {
    this.#stage = stage;
    const { prefix, corpus } = stage;
    const change = (part: Partial<PoolState>): void => {
      if (this.#state !== undefined) stage.change({ ...this.#state, ...part });
    };
    const { min, max } = LIMITS.pool;
    this.#slider = new Slider({
      id: `${prefix}-pool`,
      label: "Pool",
      hint: "how many candidates the cross-encoder reads",
      values: Array.from({ length: max - min + 1 }, (_, i) => min + i),
      text: String,
      onInput: (pool) => change({ pool }),
    });
    const traps = corpus.queries.filter(({ trap }) => trap !== null).length;
    const sizes: Readonly<Record<GroupKey, string>> = { all: `all (${corpus.queries.length})`, traps: `traps (${traps})` };
    this.#group = new Choice("Questions", `${prefix}-group`, GROUP_KEYS.map((group) => [group, sizes[group]]), (group) => change({ group }));
    this.#metric = new Choice("Quality", `${prefix}-metric`, METRIC_KEYS.map((metric) => [metric, METRIC_NAMES[metric]]), (metric) => change({ metric }));
    const rule = { step: 1, onMove: (pool: number) => this.#point(pool), onDrop: (pool: number) => change({ pool }) };
    this.#charts = [new LineChart(rule), new LineChart(rule)];
    stage.root.replaceChildren(
      h("div", { class: "controls choices" }, this.#slider.root, this.#metric.root, this.#group.root),
      h("div", { class: "readout pool-readout" }, this.#ceiling, this.#quality, this.#latency),
      h("div", { class: "drawing pool-charts" }, ...this.#charts.map(({ root }) => root)),
      h("p", { class: "hint" }, READING),
      this.#overall,
      this.#numbers.root,
    );
  }

  draw(state: PoolState, run: Run<PoolInput, PoolData> | undefined): void {
    this.#state = state;
    this.#data = run?.data;
    this.#group.value = state.group;
    this.#metric.value = state.metric;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run !== undefined) this.#drawCharts(state, run.data);
    this.#point(state.pool);
  }

  /** Moves the rule, and says what is there. */
  #point(pool: number): void {
    const [state, data] = [this.#state, this.#data];
    this.#slider.value = pool;
    if (state === undefined || data === undefined) return;
    for (const chart of this.#charts) chart.at = pool;
    const curves = data.groups[state.group];
    this.#ceiling.textContent = ceilingText(curves, pool);
    this.#quality.textContent = qualityText(curves, { ...state, pool });
    this.#latency.textContent = latencyText(data, pool);
  }

  #drawCharts({ pool, group, metric }: PoolState, data: PoolData): void {
    const { data: before, group: earlier, metric: other } = this.#drawn ?? {};
    if (before === data && earlier === group && other === metric) return;
    this.#drawn = { data, group, metric };
    const curves = data.groups[group];
    const [quality, time] = this.#charts;
    quality.show(qualityGraph(curves, metric), pool);
    time.show(timeGraph(data.latency, curves.recall.length), pool);
    this.#overall.textContent = overallText(curves, metric);
    this.#numbers.show(() => tableOf(data, group, metric));
  }
}
