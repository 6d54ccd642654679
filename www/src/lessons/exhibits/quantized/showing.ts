/** The 8-bit model against floats on the page. There is nothing to set. */

import "../../../style/exhibits-quantized.css";
import { decimal, h } from "../../../view/dom";
import { signed } from "../../../measuring/verdict-text";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { Numbers } from "../../../view/table";
import type { QuantizedData, QuantizedInput, QuantizedPair } from "../quantized";
import { drawAgainst, drawDifferences, type PairsChart } from "./charts";
import { boundsText, differenceOf, partingText } from "./findings";

const HINT = "Each dot is a question with a passage. Point at one to see which.";

/** The drawing. */
export class QuantizedShowing implements Showing<QuantizedInput, QuantizedInput, QuantizedData> {
  readonly #stage: Stage<QuantizedInput>;
  readonly #finding = h("p", { class: "finding" });
  readonly #bounds = h("p");
  readonly #against: Chart;
  readonly #differences: Chart;
  readonly #readout = h("p", { class: "readout" }, HINT);
  readonly #numbers = new Numbers("Both logits in numbers");
  #data: QuantizedData | undefined;

  constructor(stage: Stage<QuantizedInput>) {
    this.#stage = stage;
    const [against, differences] = [h("div", { class: "chart" }), h("div", { class: "chart" })];
    [this.#against, this.#differences] = [new Chart(against), new Chart(differences)];
    stage.root.replaceChildren(
      this.#finding,
      h("div", { class: "drawing quantized-charts" }, against, differences),
      this.#readout,
      this.#bounds,
      this.#numbers.root,
    );
  }

  draw(_state: QuantizedInput, run: Run<QuantizedInput, QuantizedData> | undefined): void {
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined || run.data === this.#data) return;
    this.#data = run.data;
    const { pairs } = run.data;
    this.#finding.textContent = partingText(pairs);
    this.#bounds.textContent = boundsText(pairs);
    const chart: PairsChart = {
      pairs,
      describe: (pair) => ({ label: this.#words(pair), href: this.#address(pair) }),
      onPoint: (position) => this.#point(position === undefined ? undefined : pairs[position]),
    };
    this.#against.show((width) => drawAgainst(chart, width));
    this.#differences.show((width) => drawDifferences(chart, width));
    this.#numbers.show({
      caption: "Float logit and 8-bit logit of each pair",
      head: ["Passage", "float", "8 bits", "difference", "Question"],
      rows: pairs.map((pair) => [
        this.#stage.corpus.title(pair.passage),
        decimal(pair.float, 4),
        decimal(pair.eight, 4),
        signed(differenceOf(pair), 4),
        this.#question(pair),
      ]),
    });
  }

  #question({ query }: QuantizedPair): string {
    return this.#stage.corpus.queries.find(({ id }) => id === query)?.text ?? query;
  }

  #words(pair: QuantizedPair): string {
    const { float, eight, passage } = pair;
    return `“${this.#question(pair)}” with “${this.#stage.corpus.title(passage)}”: float ${decimal(float, 3)}, 8 bits ${decimal(eight, 3)}, difference ${signed(differenceOf(pair), 3)}`;
  }

  #address(pair: QuantizedPair): string {
    return `?${new URLSearchParams({ q: this.#question(pair), pool: "50" }).toString()}`;
  }

  #point(pair: QuantizedPair | undefined): void {
    if (pair === undefined) this.#readout.textContent = HINT;
    else this.#readout.replaceChildren(`${this.#words(pair)}. `, h("a", { href: this.#address(pair), tabindex: -1 }, "See the question in the search"));
  }
}
