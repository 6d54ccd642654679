/** The planner on the page: sliders, the chart, what the plan comes to, and the numbers. */

import "./planner.css";
import type { Costs } from "../../../measuring/costs";
import { countText, roundCountText, setTimeText, sizeText, timeText } from "../../../measuring/quantities";
import { h } from "../../../view/dom";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { Slider } from "../../slider";
import { Numbers, type Table } from "../../../view/table";
import type { CostsInput } from "../costs";
import { usual } from "../costs/findings";
import { STEPS, type Knob, type PlannerState } from "./knobs";
import { measuredCosts, plan, unitCosts, type Plan, type UnitCosts } from "./arithmetic";
import { drawPlan } from "./chart";
import { budgetText, planText, rateText } from "./findings";
import { OwnCostsForm } from "./own-costs";

/** The sliders in their order. */
const SLIDERS: readonly { readonly knob: Knob; readonly label: string; readonly hint: string; readonly text: (value: number) => string }[] = [
  { knob: "documents", label: "Documents", hint: "on a scale of powers of ten", text: roundCountText },
  { knob: "pool", label: "Pool", hint: "candidates that the cross-encoder reads", text: String },
  { knob: "budget", label: "Time for a question", hint: "that a reader will wait", text: setTimeText },
  { knob: "perDocument", label: "Passages in a document", hint: "each has a vector of its own", text: String },
  { knob: "words", label: "Words in a passage", hint: "between the lengths that were measured", text: String },
];

/** Sizes for which the table has the numbers. */
const SIZES = [1e3, 1e5, 1e6, 1e7];

/** The drawing and its controls. */
export class PlannerShowing implements Showing<PlannerState, CostsInput, Costs> {
  readonly #stage: Stage<PlannerState>;
  readonly #sliders: readonly (readonly [Knob, Slider])[];
  readonly #place = h("div", { class: "chart drawing" });
  readonly #chart = new Chart(this.#place);
  readonly #finding = h("p", { class: "finding", "aria-live": "polite" });
  readonly #budget = h("p", { class: "finding" });
  readonly #source = h("p", { class: "hint" });
  readonly #numbers = new Numbers("The plan in numbers");
  readonly #own: OwnCostsForm;
  #state: PlannerState | undefined;

  constructor(stage: Stage<PlannerState>) {
    this.#stage = stage;
    this.#sliders = SLIDERS.map(({ knob, ...rest }) => [
      knob,
      new Slider({ ...rest, id: `${stage.prefix}-${knob}`, values: STEPS[knob], onInput: (value) => this.#change({ [knob]: value }) }),
    ]);
    this.#own = new OwnCostsForm(stage.prefix, (own) => this.#change({ own }));
    stage.root.replaceChildren(
      h("div", { class: "controls sliders" }, ...this.#sliders.map(([, slider]) => slider.root)),
      this.#place,
      this.#finding,
      this.#budget,
      this.#source,
      this.#numbers.root,
      h("details", { class: "controls" }, h("summary", {}, "Type another machine’s costs"), this.#own.root),
    );
  }

  draw(state: PlannerState, run: Run<CostsInput, Costs> | undefined): void {
    this.#state = state;
    for (const [knob, slider] of this.#sliders) slider.value = state[knob];
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined) return this.#own.show(state.own, undefined, 0);
    const { data } = run;
    this.#own.show(state.own, measuredCosts(data, usual(data)), usual(data));
    const unit = unitCosts(data, state.words, state.own);
    const made = plan(state, unit, data.width);
    this.#finding.textContent = planText(state, made);
    this.#budget.textContent = budgetText(state, made, unit);
    this.#source.textContent = sourceText(state, data);
    const label = `Time by number of documents, both on logarithmic scales. ${planText(state, made)} The numbers are in the table below.`;
    this.#chart.show((width) => drawPlan({ state, unit, width: data.width, label }, width));
    this.#numbers.show(table(state, unit, data.width));
  }

  #change(change: Partial<PlannerState>): void {
    if (this.#state !== undefined) this.#stage.change({ ...this.#state, ...change });
  }
}

/** Where the numbers come from. */
function sourceText({ own }: PlannerState, { device, workers, lengths, vectors }: Costs): string {
  const typed = Object.values(own).filter((cost) => cost !== null).length;
  const measured = `measured with ${device} and ${workers} ${workers === 1 ? "worker" : "workers"}`;
  const costs = typed === 0 ? `costs ${measured}` : typed === Object.values(own).length ? "the costs that you typed" : `the costs that you typed, and for the rest costs ${measured}`;
  const [short, long] = [lengths[0]?.words ?? 0, lengths.at(-1)?.words ?? 0];
  return (
    `Extrapolated, not measured: arithmetic on ${costs}. Comparing is taken to grow in proportion with the vectors, as it does where all of them ` +
    `are compared (${countText(vectors)} were); reading, with the pairs. Lengths between ${short} and ${long} words are interpolated.`
  );
}

function table(state: PlannerState, unit: UnitCosts, width: number): Table {
  const sizes = [...new Set([...SIZES, state.documents])].sort((a, b) => a - b);
  const plans = sizes.map((documents): Plan => plan({ ...state, documents }, unit, width));
  const rated = (time: number): string => `${timeText(time)} (${rateText(time)})`;
  return {
    caption: "The plan for several numbers of documents, the chosen one among them",
    head: ["Documents", ...sizes.map((size) => `${roundCountText(size)}${size === state.documents ? ", chosen" : ""}`)],
    rows: [
      ["All vectors, once", ...plans.map(({ vectors }) => timeText(vectors))],
      ["Their memory", ...plans.map(({ bytes }) => sizeText(bytes))],
      ["A question: bi-encoder alone", ...plans.map(({ first }) => rated(first))],
      [`A question: two stages, pool ${state.pool}`, ...plans.map(({ both }) => rated(both))],
      ["A question: cross-encoder on everything", ...plans.map(({ everything }) => rated(everything))],
    ],
  };
}
