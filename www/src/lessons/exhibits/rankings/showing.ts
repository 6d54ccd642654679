/** Four rankings of one question, side by side. */

import "../../../style/exhibits-retrievers.css";
import type { LabelledQuery } from "../../../corpus";
import { markOf, MARKS } from "../../../labels";
import { FIRST_STAGES, type FirstStage } from "../../../measuring/first-stages";
import { decimal, h } from "../../../view/dom";
import type { Run, Showing, Stage } from "../../exhibit";
import { questionList } from "../../questions";
import { Numbers } from "../../../view/table";
import type { Found, RankingsData, RankingsState } from "../rankings";
import { STAGES } from "../retrievers/stages";
import { answersText, DIGITS, tableOf, weightText } from "./findings";

/** Places that are shown, and that stand in the table. */
const SHOWN = 5;
const LISTED = 20;

/** The rankings and the question. */
export class RankingsShowing implements Showing<RankingsState, RankingsState, RankingsData> {
  readonly #stage: Stage<RankingsState>;
  readonly #list: HTMLSelectElement;
  readonly #own: HTMLInputElement;
  readonly #answers = h("p", { class: "finding" });
  readonly #columns = h("div", { class: "drawing four" });
  readonly #weight = h("p", { class: "hint" });
  readonly #numbers = new Numbers(`The first ${LISTED} ranks`);
  #state: RankingsState | undefined;
  #shown: RankingsData | undefined;

  constructor(stage: Stage<RankingsState>) {
    this.#stage = stage;
    const { prefix, corpus } = stage;
    this.#list = questionList(corpus, `${prefix}-list`);
    this.#list.addEventListener("change", () => {
      const query = corpus.queries.find(({ id }) => id === this.#list.value);
      if (query !== undefined) stage.change({ query: query.text });
    });
    this.#own = h("input", { type: "text", id: `${prefix}-own`, maxlength: 300, autocomplete: "off", spellcheck: "false" });
    const form = h("form", { class: "own" }, h("label", { for: this.#own.id }, "Your question"), this.#own, h("button", { type: "submit", class: "go" }, "Ask all four"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const query = this.#own.value.trim();
      if (query === "") this.#own.focus();
      else stage.change({ query });
    });
    stage.root.replaceChildren(
      h("div", { class: "controls own" }, h("label", { for: this.#list.id }, "A labelled question"), this.#list),
      this.#answers,
      this.#columns,
      this.#weight,
      h("details", { class: "controls" }, h("summary", {}, "Type your own question"), form),
      this.#numbers.root,
    );
  }

  draw(state: RankingsState, run: Run<RankingsState, RankingsData> | undefined): void {
    const { corpus } = this.#stage;
    if (this.#state?.query !== state.query) {
      const labelled = corpus.labelled(state.query);
      this.#list.value = labelled?.id ?? "";
      this.#own.value = labelled === undefined ? state.query : "";
    }
    this.#state = state;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined || run.data === this.#shown) return;
    this.#shown = run.data;
    const query = corpus.labelled(run.input.query);
    this.#answers.textContent = `“${run.input.query}” ${answersText(run.data, query)}`;
    this.#weight.textContent = weightText(run.data, query);
    this.#columns.replaceChildren(...FIRST_STAGES.map((stage) => this.#column(stage, run.data.stages[stage], query)));
    this.#numbers.show(() => tableOf(corpus, run.data, query, LISTED));
  }

  #column(stage: FirstStage, found: readonly Found[], query: LabelledQuery | undefined): HTMLElement {
    const { name, what, colour } = STAGES[stage];
    const items = found.slice(0, SHOWN).map(({ id, score }) => {
      const mark = query === undefined ? undefined : markOf(query, id);
      return h(
        "li",
        { class: mark },
        mark === undefined ? null : h("span", { class: "sign" }, `${MARKS[mark].sign} `),
        this.#stage.corpus.title(id),
        mark === undefined ? null : h("span", { class: "unseen" }, ` (${MARKS[mark].word})`),
        h("span", { class: "score" }, decimal(score, DIGITS[stage])),
      );
    });
    const section = h(
      "section",
      { class: "column" },
      h("p", { class: "panel-title" }, name, h("span", { class: "hint" }, ` ${what}`)),
      items.length === 0 ? h("p", { class: "hint" }, "Nothing: no passage shares a word with the question.") : h("ol", {}, ...items),
    );
    section.style.setProperty("--tone", colour);
    return section;
  }
}
