/** Leave-one-out on the page: the question and the passage twice, once marked by the cosine and once by the logit. */

import "./words.css";
import { shelfName, type Passage } from "../../../corpus";
import { decimal, h } from "../../../view/dom";
import type { Run, Showing, Stage } from "../../exhibit";
import type { Word, WordsData, WordsInput, WordsState } from "../words";
import { bare, DIGITS, scaleOf, signed, strongestText, watchedText, wordText, type Score } from "./findings";
import { markedText } from "./marked-text";

/** The two panels. */
const PANELS: readonly { readonly score: Score; readonly name: string }[] = [
  { score: "cosine", name: "Bi-encoder" },
  { score: "logit", name: "Cross-encoder" },
];

/** Value of the list of passages that stands for the reader's own. */
const OWN = "";

/** The drawing and its controls. */
export class WordsShowing implements Showing<WordsState, WordsInput, WordsData> {
  readonly #stage: Stage<WordsState>;
  readonly #query: HTMLInputElement;
  readonly #passage: HTMLSelectElement;
  readonly #text: HTMLTextAreaElement;
  readonly #own: HTMLElement;
  readonly #panels = h("div", { class: "word-panels" });
  readonly #readout = h("p", { class: "readout word-readout" });
  readonly #watched = h("p");
  readonly #numbers = h("div", { class: "numbers", role: "region", tabindex: 0, "aria-label": "Changes in numbers" });
  #state: WordsState | undefined;
  #run: Run<WordsInput, WordsData> | undefined;

  constructor(stage: Stage<WordsState>) {
    const { prefix, corpus } = stage;
    this.#stage = stage;
    this.#query = h("input", { type: "text", id: `${prefix}-query`, maxlength: 300, autocomplete: "off", spellcheck: "false" });
    this.#passage = h(
      "select",
      { id: `${prefix}-passage` },
      h("option", { value: OWN }, "A passage of your own"),
      ...byShelf(corpus.passages).map(([shelf, passages]) =>
        h("optgroup", { label: shelfName(shelf) }, ...passages.map(({ id, title }) => h("option", { value: id }, title))),
      ),
    );
    this.#text = h("textarea", { id: `${prefix}-text`, rows: 4, maxlength: 1500 });
    this.#own = h("div", { hidden: true }, h("label", { for: `${prefix}-text` }, "Your passage"), this.#text);
    const form = h(
      "form",
      { class: "controls own" },
      h("label", { for: `${prefix}-query` }, "Question"),
      this.#query,
      h("label", { for: `${prefix}-passage` }, "Passage"),
      this.#passage,
      this.#own,
      h("button", { type: "submit", class: "go" }, "Leave words out"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#passage.addEventListener("change", () => {
      const own = this.#passage.value === OWN;
      this.#own.hidden = !own;
      // The passage that was shown is a text to begin with.
      if (own && this.#text.value === "") this.#text.value = corpus.passage(this.#state?.passage ?? "")?.text ?? "";
      if (own) this.#text.focus();
      else this.#ask();
    });
    stage.root.replaceChildren(
      form,
      this.#readout,
      this.#panels,
      this.#watched,
      h("details", {}, h("summary", {}, "The changes in numbers"), this.#numbers),
    );
  }

  draw(state: WordsState, run: Run<WordsInput, WordsData> | undefined): void {
    const [before, earlier] = [this.#run, this.#state];
    this.#state = state;
    this.#run = run;
    if (earlier === undefined || JSON.stringify(earlier) !== JSON.stringify(state)) {
      this.#query.value = state.query;
      this.#passage.value = state.text === null ? state.passage : OWN;
      this.#own.hidden = state.text === null;
      if (state.text !== null) this.#text.value = state.text;
    }
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined || before?.data === run.data) return;
    this.#drawPanels(run);
    this.#drawNumbers(run.data);
    this.#watched.textContent = watchedText(run.data, state.watch);
    this.#point(undefined, "question");
  }

  #ask(): void {
    if (this.#state === undefined) return;
    const own = this.#passage.value === OWN;
    const query = this.#query.value.trim();
    const text = own ? this.#text.value.trim() : null;
    if (query === "") return this.#query.focus();
    if (text === "") return this.#text.focus();
    this.#stage.change({ ...this.#state, query, passage: own ? this.#state.passage : this.#passage.value, text });
  }

  #drawPanels({ input, data }: Run<WordsInput, WordsData>): void {
    const title = input.text === null ? `“${this.#stage.corpus.title(input.passage)}”` : "Your passage";
    this.#panels.replaceChildren(
      ...PANELS.map(({ score, name }) => {
        const scale = scaleOf(data, score);
        const digits = DIGITS[score];
        const text = (words: readonly Word[], rest: string, where: "question" | "passage"): HTMLElement =>
          markedText({
            words,
            rest,
            score,
            scale,
            label: `${where === "question" ? "Question" : "Passage"}, what each word does to the ${score}`,
            onWord: (position) => this.#point(position === undefined ? undefined : words[position], where, position),
          });
        return h(
          "section",
          { class: `word-panel ${score}`, "aria-label": `${name}: ${score}` },
          h("p", { class: "panel-title" }, name, h("span", { class: "hint" }, ` ${score} `), decimal(data[score], digits)),
          h("p", { class: "hint" }, "Question"),
          text(data.query, data.queryRest, "question"),
          h("p", { class: "hint" }, title),
          text(data.passage, data.passageRest, "passage"),
          h("p", { class: "hint legend" }, ...legend(scale, digits, score)),
        );
      }),
    );
  }

  /** Says what a word does, and shows it in both panels; without one, which words do most. */
  #point(word: Word | undefined, where: "question" | "passage", position?: number): void {
    const { data } = this.#run ?? {};
    this.#readout.textContent =
      word !== undefined ? wordText(word, where) : data === undefined ? "" : `${strongestText(data, "cosine")} ${strongestText(data, "logit")}`;
    for (const list of this.#panels.querySelectorAll("[role=listbox]")) {
      const here = list.getAttribute("aria-label")?.toLowerCase().startsWith(where) === true;
      for (const span of list.children) {
        const lit = here && position !== undefined && span.getAttribute("data-position") === String(position);
        span.classList.toggle("lit", lit);
        span.setAttribute("aria-selected", String(lit));
      }
    }
  }

  #drawNumbers({ query, passage }: WordsData): void {
    const rows = (words: readonly Word[], where: string): HTMLElement[] =>
      words.map((word) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, bare(word.text)),
          h("td", {}, where),
          ...PANELS.map(({ score }) => h("td", {}, word[score] === null ? "–" : signed(word[score], DIGITS[score]))),
        ),
      );
    this.#numbers.replaceChildren(
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, "What each word does: the score with it less the score without it"),
        h("thead", {}, h("tr", {}, ...["Word", "in the", "cosine", "logit"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...rows(query, "question"), ...rows(passage, "passage")),
      ),
    );
  }
}

function legend(scale: number, digits: number, score: Score): (HTMLElement | string)[] {
  const sample = (kind: "up" | "down", text: string): HTMLElement => {
    const span = h("span", { class: `word ${kind}` }, text);
    span.style.setProperty("--share", "1");
    return span;
  };
  const most = decimal(scale, digits);
  return [sample("up", "line below"), ` raises the ${score}, `, sample("down", "line above"), ` lowers it; at full strength by ${most}. Words that do less than a tenth of that are left plain.`];
}

function byShelf(passages: readonly Passage[]): [string, Passage[]][] {
  const shelves = new Map<string, Passage[]>();
  for (const passage of passages) {
    const shelf = shelves.get(passage.shelf);
    if (shelf === undefined) shelves.set(passage.shelf, [passage]);
    else shelf.push(passage);
  }
  return [...shelves];
}
