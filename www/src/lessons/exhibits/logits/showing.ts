/** The logits on the page: three histograms for each model, a threshold to drag through them, and what it lets pass. */

import "../../../style/exhibits-logits.css";
import { MARKS } from "../../../labels";
import { Choice } from "../../../view/choice";
import { decimal, h } from "../../../view/dom";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { Numbers } from "../../../view/table";
import type { LogitsData, LogitsInput, LogitsState, ModelLogits } from "../logits";
import { extent, gradesText, MARK_ORDER, passing, passingText, quantile, readText, sigmoid, travelText, unsigmoid } from "./findings";
import { drawStrips, type StripsDrawing } from "./strips";

/** A model's panel. */
interface Panel {
  readonly root: HTMLElement;
  readonly chart: Chart;
  readonly text: HTMLElement;
  readonly model: ModelLogits;
  drawing: StripsDrawing | undefined;
}

/** The thresholds of the table, besides the reader's own. */
const TABLE = [-4, -2, 0, 2, 4];

/** The drawing and its controls. */
export class LogitsShowing implements Showing<LogitsState, LogitsInput, LogitsData> {
  readonly #stage: Stage<LogitsState>;
  readonly #view: Choice<LogitsState["view"]>;
  readonly #slider: HTMLInputElement;
  readonly #value = h("b", { "aria-hidden": "true" });
  readonly #other: HTMLSelectElement;
  readonly #panels = h("div", { class: "logit-panels drawing" });
  readonly #travel = h("p");
  readonly #grades = h("p");
  readonly #read = h("p", { class: "hint" });
  readonly #thresholds = new Numbers("Thresholds in numbers");
  readonly #places = new Numbers("Where the logits lie, in numbers");
  #list: Panel[] = [];
  #state: LogitsState | undefined;
  #run: Run<LogitsInput, LogitsData> | undefined;
  /** Where the threshold is while it is being dragged; it goes into the address when it is let go. */
  #threshold = 0;

  constructor(stage: Stage<LogitsState>) {
    const { prefix } = stage;
    this.#stage = stage;
    this.#view = new Choice<LogitsState["view"]>("Shown as", `${prefix}-view`, [["raw", "raw logit"], ["sigmoid", "sigmoid"]], (view) => this.#change({ view }));
    this.#slider = h("input", { type: "range", id: `${prefix}-threshold`, step: 0.05 });
    this.#slider.addEventListener("input", () => this.#drag(Number(this.#slider.value)));
    this.#slider.addEventListener("change", () => this.#change({ threshold: Number(this.#slider.value) }));
    this.#other = h("select", { id: `${prefix}-other` });
    this.#other.addEventListener("change", () => this.#change({ other: this.#other.value === "" ? null : this.#other.value }));
    stage.root.replaceChildren(
      h(
        "div",
        { class: "controls choices" },
        this.#view.root,
        h("div", { class: "threshold-dial" }, h("label", { for: this.#slider.id }, "Threshold ", this.#value), this.#slider),
        h("div", {}, h("label", { for: this.#other.id }, "Beside it"), this.#other),
      ),
      this.#panels,
      this.#travel,
      this.#grades,
      this.#read,
      this.#thresholds.root,
      this.#places.root,
    );
    this.#choices([], null);
  }

  draw(state: LogitsState, run: Run<LogitsInput, LogitsData> | undefined): void {
    const [before, earlier] = [this.#run, this.#state];
    this.#state = state;
    this.#run = run;
    this.#view.value = state.view;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    this.#choices(run?.data.choices ?? [], state.other, run?.data.models[0]?.model);
    if (run === undefined) {
      this.#say(state.threshold);
      return;
    }
    if (before?.data !== run.data) this.#rebuild(run);
    if (before?.data !== run.data || earlier?.view !== state.view) this.#drawStrips(run.data, state);
    this.#drag(state.threshold);
    this.#drawNumbers(run.data, state.threshold);
  }

  #change(part: Partial<LogitsState>): void {
    if (this.#state !== undefined) this.#stage.change({ ...this.#state, ...part });
  }

  /** Lists what can stand beside the model in use. What was asked for stays in the list, even if it can't be had. */
  #choices(models: readonly string[], asked: string | null, own?: string): void {
    const others = models.filter((model) => model !== own);
    if (asked !== null && !others.includes(asked)) others.push(asked);
    const options = [h("option", { value: "" }, others.length === 0 ? "no other cross-encoder here" : "no other cross-encoder"), ...others.map((model) => h("option", { value: model }, model))];
    this.#other.replaceChildren(...options);
    this.#other.value = asked ?? "";
    this.#other.disabled = others.length === 0;
  }

  #rebuild({ data }: Run<LogitsInput, LogitsData>): void {
    const [low, high] = extent(data.models);
    this.#slider.min = String(low);
    this.#slider.max = String(high);
    this.#list = data.models.map((model) => {
      const place = h("div", { class: "chart threshold-chart" });
      const text = h("p", { class: "finding" });
      const panel: Panel = { root: h("section", { "aria-label": model.model }, h("p", { class: "panel-title" }, model.model), place, text), chart: new Chart(place), text, model, drawing: undefined };
      this.#followPointer(place, panel);
      return panel;
    });
    this.#panels.replaceChildren(...this.#list.map(({ root }) => root));
    this.#grades.textContent = data.models.map(gradesText).join(" ");
  }

  #drawStrips(data: LogitsData, { view }: LogitsState): void {
    const stretch = extent(data.models);
    for (const panel of this.#list) {
      const words = `${panel.model.model}: histograms of the ${view === "raw" ? "logits" : "sigmoids"} of answers, near misses and passages off the question, each as shares of its own row. The numbers are in the table below.`;
      panel.chart.show((width) => {
        panel.drawing = drawStrips({ logits: panel.model.logits, extent: stretch, view, words }, this.#threshold, width);
        return panel.drawing.element;
      });
    }
  }

  /** The line follows a pointer that is put down on the drawing; a finger that goes up or down scrolls. */
  #followPointer(place: HTMLElement, panel: Panel): void {
    let held = false;
    const follow = ({ clientX }: PointerEvent): void => {
      const value = panel.drawing?.at(clientX - place.getBoundingClientRect().left);
      if (value === undefined || !Number.isFinite(value)) return;
      const logit = this.#state?.view === "sigmoid" ? unsigmoid(Math.max(1e-6, Math.min(1 - 1e-6, value))) : value;
      const [low, high] = [Number(this.#slider.min), Number(this.#slider.max)];
      this.#drag(Number((Math.round(Math.max(low, Math.min(high, logit)) * 20) / 20).toFixed(2)));
    };
    place.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      held = true;
      place.setPointerCapture(event.pointerId);
      follow(event);
    });
    place.addEventListener("pointermove", (event) => {
      if (held) follow(event);
    });
    place.addEventListener("pointerup", () => {
      if (held) this.#change({ threshold: this.#threshold });
      held = false;
    });
    place.addEventListener("pointercancel", () => {
      held = false;
      if (this.#state !== undefined) this.#drag(this.#state.threshold);
    });
  }

  #drag(threshold: number): void {
    this.#threshold = threshold;
    this.#slider.value = String(threshold);
    this.#say(threshold);
    for (const panel of this.#list) {
      panel.drawing?.moveTo(threshold);
      panel.text.textContent = passingText(panel.model, threshold);
    }
    const { data, input } = this.#run ?? {};
    if (data === undefined || input === undefined) return;
    this.#travel.textContent = travelText(data, threshold);
    this.#travel.hidden = data.models.length < 2;
    this.#read.textContent = readText(data, input.pool);
  }

  #say(threshold: number): void {
    const words = `${decimal(threshold, 2)} (sigmoid ${decimal(sigmoid(threshold), 3)})`;
    this.#value.textContent = words;
    this.#slider.setAttribute("aria-valuetext", words);
  }

  #drawNumbers({ models }: LogitsData, threshold: number): void {
    const thresholds = [...new Set([...TABLE, threshold])].sort((a, b) => a - b);
    const number = (value: number | undefined, digits: number): string => (value === undefined ? "–" : decimal(value, digits));
    this.#thresholds.show({
      caption: "What passes at some thresholds",
      head: ["Cross-encoder", "threshold", "sigmoid", "pairs", "answers", "precision", "recall"],
      rows: models.flatMap(({ model, logits }) =>
        thresholds.map((one) => {
          const { passed, found, precision, recall } = passing(logits, one);
          return [model, decimal(one, 2), decimal(sigmoid(one), 3), String(passed), String(found), number(precision, 3), number(recall, 3)];
        }),
      ),
    });
    this.#places.show({
      caption: "Where the logits of answers, near misses and passages off the question lie",
      head: ["Cross-encoder", "pairs", "number", "least", "5 %", "middle", "95 %", "greatest"],
      rows: models.flatMap(({ model, logits }) =>
        MARK_ORDER.map((mark) => {
          const list = logits[mark];
          const places = [list[0], quantile(list, 0.05), quantile(list, 0.5), quantile(list, 0.95), list.at(-1)];
          return [model, MARKS[mark].word, String(list.length), ...places.map((place) => number(place, 2))];
        }),
      ),
    });
  }
}
