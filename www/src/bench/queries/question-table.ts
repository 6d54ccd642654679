/** The labelled questions of the library as a table, the first of them until all are asked for. */

import type { LabelledQuery } from "../../corpus";
import { countLabels } from "../../library/library";
import { h } from "../../view/dom";
import { counted } from "../../numbers";

/** What the table does. */
export interface QuestionTableParts {
  /** Where a question's link leads: it is labelled there. */
  readonly href: (text: string) => string;
  /** Called when the reader removes a question; asked for a second time before. */
  readonly onRemove: (query: LabelledQuery) => void;
}

/** How many are shown at first, and more at a time. */
const SHOWN = 25;

/** The table. */
export class QuestionTable {
  readonly root: HTMLElement;
  readonly #parts: QuestionTableParts;
  readonly #counts = h("span");
  readonly #measure = h("a", { href: "#bench-measure" }, "Measure with them");
  readonly #body = h("tbody");
  readonly #more = h("button", { type: "button", class: "plain", hidden: true });
  readonly #summary = h("summary", {});
  readonly #details: HTMLElement;
  #queries: readonly LabelledQuery[] = [];
  #editable = false;
  #shown = SHOWN;

  constructor(parts: QuestionTableParts) {
    this.#parts = parts;
    const head = ["Question", "answers", "near misses", "off"].map((name) => h("th", { scope: "col" }, name));
    this.#details = h(
      "details",
      { class: "question-list" },
      this.#summary,
      h(
        "div",
        { class: "numbers", role: "region", tabindex: 0, "aria-label": "Labelled questions" },
        h("table", {}, h("caption", { class: "unseen" }, "Labelled questions, with how many passages have which label"), h("thead", {}, h("tr", {}, ...head, h("th", { scope: "col" }, h("span", { class: "unseen" }, "Remove")))), this.#body),
      ),
      this.#more,
    );
    this.#more.addEventListener("click", () => {
      const from = this.#shown;
      this.#shown += 200;
      this.#draw();
      this.#body.rows[from]?.querySelector("a")?.focus();
    });
    this.root = h("div", {}, h("p", { class: "label-counts" }, this.#counts, " ", this.#measure), this.#details);
  }

  /** Shows questions. */
  show(queries: readonly LabelledQuery[], editable: boolean): void {
    this.#queries = queries;
    this.#editable = editable;
    this.#draw();
  }

  #draw(): void {
    const { queries, unanswered, answers, nearMisses, off } = countLabels(this.#queries);
    const labels = answers + nearMisses + off;
    this.#counts.textContent =
      queries === 0
        ? "No question has been labelled yet. Ask one below, and say of each candidate how well it answers."
        : `${counted(queries, "question")}, ${counted(labels, "label")}: ${answers} answer, ${nearMisses} near ${nearMisses === 1 ? "miss" : "misses"}, ${off} off.` +
          (unanswered === 0 ? "" : ` ${counted(unanswered, "question")} without any answer; ${unanswered === 1 ? "it is" : "they are"} left out when you measure.`);
    this.#measure.hidden = answers === 0;
    this.#details.hidden = queries === 0;
    this.#summary.textContent = `All questions (${queries})`;
    this.#body.replaceChildren(...this.#queries.slice(0, this.#shown).map((query) => this.#row(query)));
    const left = queries - this.#shown;
    this.#more.hidden = left <= 0;
    this.#more.textContent = `Show more (${left} left)`;
  }

  #row(query: LabelledQuery): HTMLElement {
    const { answers, nearMisses, off } = countLabels([query]);
    const cells = [answers, nearMisses, off].map((number) => h("td", {}, String(number)));
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: this.#parts.href(query.text) }, query.text)),
      ...cells,
      h("td", {}, this.#editable ? this.#removal(query) : null),
    );
  }

  #removal(query: LabelledQuery): HTMLElement {
    const button = h("button", { type: "button", class: "plain" });
    let sure = false;
    const reset = (): void => {
      sure = false;
      button.textContent = "Remove";
      button.setAttribute("aria-label", `Remove “${query.text}” and its labels`);
    };
    button.addEventListener("click", () => {
      if (sure) return this.#parts.onRemove(query);
      sure = true;
      button.textContent = "Really remove";
      button.setAttribute("aria-label", `Really remove “${query.text}” and its labels`);
    });
    button.addEventListener("blur", reset);
    reset();
    return button;
  }
}
