/** The cascade on the page: which models, how many each reads, quality against time, and the numbers. */

import "./cascade.css";
import { listModels } from "tabrank";
import { countText, timeText } from "../../../measuring/quantities";
import { beside } from "../../../session";
import { decimal, h } from "../../../view/dom";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { Slider } from "../../slider";
import { Numbers, type Table } from "../../../view/table";
import { cascadeText, compared, differenceText, drawingText, methodText, nameOf, worthText } from "./findings";
import { DEEPEST, EVERY, READS, type CascadeData, type CascadeInput, type CascadeState, type Measured } from "./knobs";
import { drawScatter } from "./scatter";
import { pairsOf } from "./ways";

const HINT = "Each dot is a way that was measured: further up is better, further left is quicker. Point at one for its numbers.";

/** The drawing and its controls. */
export class CascadeShowing implements Showing<CascadeState, CascadeInput, CascadeData> {
  readonly #stage: Stage<CascadeState>;
  readonly #models: Readonly<Record<"small" | "large", HTMLSelectElement>>;
  readonly #every: HTMLSelectElement;
  readonly #reads: readonly [Slider, Slider];
  readonly #missing = h("p", { class: "note", role: "status" });
  readonly #finding = h("p", { class: "finding", "aria-live": "polite" });
  readonly #worth = h("p", { class: "finding" });
  readonly #place = h("div", { class: "chart drawing" });
  readonly #chart = new Chart(this.#place);
  readonly #readout = h("p", { class: "readout" });
  readonly #compared = new Numbers("The compared ways in numbers");
  readonly #method = h("p", { class: "hint" });
  readonly #all = new Numbers("All ways in numbers");
  #state: CascadeState | undefined;
  #data: CascadeData | undefined;
  /** Cross-encoders of the manifest, once it is known. */
  #known: readonly string[] | undefined;

  constructor(stage: Stage<CascadeState>) {
    const { prefix, corpus } = stage;
    this.#stage = stage;
    const model = (which: "small" | "large"): HTMLSelectElement => {
      const select = h("select", { id: `${prefix}-${which}` });
      select.addEventListener("change", () => this.#change({ [which]: select.value }));
      return select;
    };
    this.#models = { small: model("small"), large: model("large") };
    this.#every = h(
      "select",
      { id: `${prefix}-every` },
      ...EVERY.map((every) => h("option", { value: every }, `${Math.ceil(corpus.queries.length / every)}${every === 1 ? ", all" : `, every ${every === 2 ? "second" : "fourth"} one`}`)),
    );
    this.#every.addEventListener("change", () => this.#change({ every: EVERY[this.#every.selectedIndex] ?? 1 }));
    const slider = (name: string, label: string, hint: string, onInput: (value: number) => void): Slider =>
      new Slider({ id: `${prefix}-${name}`, label, hint, values: READS, text: String, onInput });
    this.#reads = [
      slider("first", "The small one reads", "of the bi-encoder’s candidates", (value) => this.#change({ read: [value, this.#state?.read[1] ?? value] })),
      slider("then", "The large one reads", "of the small one’s best", (value) => this.#change({ read: [this.#state?.read[0] ?? value, value] })),
    ];
    const field = (name: string, label: string, control: HTMLElement): HTMLElement => h("div", {}, h("label", { for: `${prefix}-${name}` }, label), control);
    // They belong to the drawing: its names say which, these say how much.
    this.#compared.root.open = true;
    for (const { root } of [this.#compared, this.#all]) root.hidden = true;
    stage.root.replaceChildren(
      h(
        "div",
        { class: "controls sliders" },
        field("small", "Small cross-encoder", this.#models.small),
        field("large", "Large cross-encoder", this.#models.large),
        field("every", "Labelled questions", this.#every),
        ...this.#reads.map(({ root }) => root),
      ),
      this.#missing,
      this.#finding,
      this.#worth,
      this.#place,
      this.#readout,
      this.#compared.root,
      this.#method,
      this.#all.root,
    );
    void listModels(beside("models/")).then(
      ({ models }) => {
        this.#known = models.filter(({ role }) => role === "cross-encoder").map(({ id }) => id);
        this.#drawModels();
      },
      // Without the manifest there is nothing to choose from; what is set stays.
      () => undefined,
    );
  }

  draw(state: CascadeState, run: Run<CascadeInput, CascadeData> | undefined): void {
    this.#state = state;
    this.#drawModels();
    this.#every.selectedIndex = EVERY.indexOf(state.every);
    this.#reads.forEach((slider, i) => (slider.value = state.read[i] ?? 0));
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined) {
      const pairs = new Set([state.small, state.large]).size * Math.ceil(this.#stage.corpus.queries.length / state.every) * DEEPEST;
      this.#finding.textContent = `Nothing is drawn yet, as no run of this is recorded. To run it here, ${countText(pairs)} pairs have to be read; fewer questions are quicker.`;
      return;
    }
    const { data, input } = run;
    for (const { root } of [this.#compared, this.#all]) root.hidden = false;
    const ways = compared(data, input, state);
    this.#finding.textContent = cascadeText(data, input, state);
    this.#readout.textContent = HINT;
    this.#worth.textContent = worthText(data, input);
    this.#method.textContent = methodText(data, input);
    this.#compared.show(table(ways, "The compared ways", false));
    if (data !== this.#data) this.#all.show(table(data.ways, "All ways that were measured", true));
    this.#data = data;
    const label = `${drawingText(ways)} The axis of nDCG@10 is cut.`;
    const onPoint = (way: Measured | undefined): void => {
      this.#readout.textContent = way === undefined ? HINT : wayText(way);
    };
    this.#chart.show((width) => drawScatter({ ways: data.ways, compared: ways, label, onPoint }, width));
  }

  #change(change: Partial<CascadeState>): void {
    if (this.#state !== undefined) this.#stage.change({ ...this.#state, ...change });
  }

  #drawModels(): void {
    const { small, large } = this.#state ?? {};
    if (small === undefined || large === undefined) return;
    const ids = [...new Set([...(this.#known ?? []), small, large])];
    for (const [which, id] of [["small", small], ["large", large]] as const) {
      const select = this.#models[which];
      if ([...select.options].map(({ value }) => value).join() !== ids.join()) {
        select.replaceChildren(...ids.map((one) => h("option", { value: one }, this.#isMissing(one) ? `${one} (not here)` : one)));
      }
      select.value = id;
    }
    const missing = [...new Set([small, large])].filter((id) => this.#isMissing(id));
    this.#missing.textContent = missing.length === 0 ? "" : `${missing.join(" and ")} can’t be run: no such cross-encoder is in this page’s list of models. Choose another one.`;
  }

  #isMissing(id: string): boolean {
    return this.#known !== undefined && !this.#known.includes(id);
  }
}

/** A way with its numbers. */
function wayText({ ndcg, precision, time, difference, ...way }: Measured): string {
  const change = difference === null ? "all others are held against this one" : `difference ${differenceText(difference.ndcg)}`;
  return `${nameOf(way)}: nDCG@10 ${decimal(ndcg.mean, 3)} (${change}), precision@1 ${decimal(precision.mean, 3)}, ${timeText(time.p50)} for a question.`;
}

/** A table of ways; `full` with the differences of precision@1. */
function table(ways: readonly Measured[], caption: string, full: boolean): Table {
  const columns: readonly (readonly [name: string, cell: (way: Measured) => string])[] = [
    ["nDCG@10", ({ ndcg }) => decimal(ndcg.mean, 3)],
    ["interval", ({ ndcg }) => `${decimal(ndcg.low, 3)} to ${decimal(ndcg.high, 3)}`],
    ["difference, interval", ({ difference }) => (difference === null ? "–" : differenceText(difference.ndcg))],
    ["precision@1", ({ precision }) => decimal(precision.mean, 3)],
    ...(full ? [["difference, interval", ({ difference }: Measured) => (difference === null ? "–" : differenceText(difference.precision))] as const] : []),
    ["p50", ({ time }) => timeText(time.p50)],
    ["p95", ({ time }) => timeText(time.p95)],
    ["small reads", (way) => String(pairsOf(way).small)],
    ["large reads", (way) => String(pairsOf(way).large)],
  ];
  return {
    caption,
    head: ["Way", ...columns.map(([name]) => name)],
    rows: ways.map((way) => [nameOf(way), ...columns.map(([, cell]) => cell(way))]),
  };
}
