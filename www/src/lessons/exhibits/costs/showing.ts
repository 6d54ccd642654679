/** The costs on the page: a diagram of the two ways of reading with the times in it, and a chart by length. */

import "./costs.css";
import { bytesOf, costAt, type Costs } from "../../../measuring/costs";
import { countText, sizeText, timeText } from "../../../measuring/quantities";
import { h, type Child } from "../../../view/dom";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { Numbers, type Table } from "../../../view/table";
import type { CostsInput } from "../costs";
import { compareText, costsText, lengthsText, usual } from "./findings";
import { drawLengths } from "./lengths";

/** The drawing. There is nothing to set. */
export class CostsShowing implements Showing<CostsInput, CostsInput, Costs> {
  readonly #stage: Stage<CostsInput>;
  readonly #diagram = h("div", { class: "two-ways drawing" });
  readonly #finding = h("p", { class: "finding" });
  readonly #place = h("div", { class: "chart drawing" });
  readonly #chart = new Chart(this.#place);
  readonly #caption = h("p", { class: "hint" });
  readonly #numbers = new Numbers("The costs in numbers");
  #data: Costs | undefined;

  constructor(stage: Stage<CostsInput>) {
    this.#stage = stage;
    stage.root.replaceChildren(this.#diagram, this.#finding, this.#place, this.#caption, this.#numbers.root);
  }

  draw(_state: CostsInput, run: Run<CostsInput, Costs> | undefined): void {
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined || run.data === this.#data) return;
    const { data } = run;
    this.#data = data;
    this.#diagram.replaceChildren(...diagram(data));
    this.#finding.textContent = costsText(data);
    const caption = lengthsText(data);
    this.#caption.textContent = caption;
    this.#chart.show((width) => drawLengths(data.lengths, `Milliseconds by words of the passage. ${caption}`, width));
    this.#numbers.show(table(data));
  }
}

/** What is done before a question is asked, and what after it, for both ways. */
function diagram(costs: Costs): HTMLElement[] {
  const { question, width, lengths, biEncoder, crossEncoder } = costs;
  const words = usual(costs);
  const cost = (what: "embed" | "read"): string => timeText(costAt(lengths, words, what));
  const scout = (...children: readonly Child[]): HTMLElement => way("scout", "Bi-encoder", biEncoder, children);
  const judge = (...children: readonly Child[]): HTMLElement => way("judge", "Cross-encoder", crossEncoder, children);
  return [
    moment(
      "before",
      "Before anyone asks",
      scout(chain(["a passage", "bi-encoder", "its vector"], cost("embed"), `for each passage of ${words} words, once; its vector takes ${bytesOf(width)} bytes`)),
      judge(h("p", { class: "nothing" }, "Nothing. It reads a question and a passage together, and there is no question yet.")),
    ),
    moment(
      "after",
      "Once the question is there",
      scout(
        chain(["the question", "bi-encoder", "its vector"], timeText(question), "for each question"),
        chain(["two vectors", "product", "cosine"], compareText(costs), "for each passage"),
      ),
      judge(chain(["question + passage", "cross-encoder", "logit"], cost("read"), `for each passage of ${words} words, and for every question anew`)),
    ),
  ];
}

function moment(when: "before" | "after", title: string, ...ways: readonly HTMLElement[]): HTMLElement {
  return h("section", { class: `moment ${when}`, "aria-label": title }, h("p", { class: "when" }, title), ...ways);
}

function way(who: "scout" | "judge", name: string, model: string, children: readonly Child[]): HTMLElement {
  return h("div", { class: `way by-${who}` }, h("p", { class: "panel-title" }, name, h("span", { class: "hint" }, ` ${model}`)), ...children);
}

/** Boxes one after another, and what going through them costs. */
function chain(boxes: readonly string[], cost: string, each: string): HTMLElement {
  return h("div", { class: "step" }, h("ol", { class: "chain" }, ...boxes.map((box) => h("li", {}, box))), h("p", {}, h("b", { class: "cost" }, cost), ` ${each}`));
}

function table(costs: Costs): Table {
  const { question, questions, vectors, compare, width, lengths, batch, biEncoder, crossEncoder, workers, device } = costs;
  return {
    caption: "What each step costs, and how it was measured",
    head: ["Step", "takes", "measured as"],
    rows: [
      ["A question’s vector", timeText(question), `${biEncoder}, median of ${questions} questions`],
      ["Comparing with one vector", compareText(costs), `mean of ${questions} searches of ${countText(vectors)} vectors, divided by ${countText(vectors)}`],
      [`Comparing with ${countText(vectors)} vectors`, compare > 0 ? timeText(compare * vectors) : compareText(costs), "the same, undivided"],
      ["Keeping one vector", sizeText(bytesOf(width)), `${width} numbers of a byte each, and a scale of 4 bytes`],
      ...lengths.map(({ words, embed }) => [`A vector of ${words} words`, timeText(embed), `${biEncoder}, one worker, ${batch} texts at a time, median`]),
      ...lengths.map(({ words, read }) => [`A pair with ${words} words`, timeText(read), `${crossEncoder}, ${device}, workers: ${workers}, ${batch} pairs at a time, median`]),
    ],
  };
}
