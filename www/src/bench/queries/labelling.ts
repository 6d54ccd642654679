/** Labelling one question: its box, its candidates in an order that gives nothing away, a grade for each. */

import type { Ranker } from "tabrank";
import type { Corpus, Passage } from "../../corpus";
import type { Grade } from "../../library/library";
import { h } from "../../view/dom";
import { candidatesFor } from "./candidates";
import { GradeChoice, gradeWord } from "./grade-choice";
import { labelledIn } from "./labels-file";

/** What labelling needs. */
export interface LabellingParts {
  /** The library and its labels as they are now. */
  readonly corpus: () => Corpus;
  /** Whether its labels may be changed. */
  readonly editable: () => boolean;
  readonly ranker: (signal: AbortSignal) => Promise<Ranker>;
  /** Called with a question that the reader asks. */
  readonly onAsk: (text: string) => void;
  /** Called with a grade; null takes it back. */
  readonly onGrade: (question: string, passage: string, grade: Grade | null) => void;
  readonly say: (sentence: string) => void;
}

/** A candidate as it stands on the page. */
interface Item {
  readonly passage: Passage;
  readonly choice: GradeChoice;
  readonly root: HTMLElement;
}

/** Passages with more characters than this are cut to a few lines until they are opened. */
const LONG = 420;

/** The section. */
export class Labelling {
  readonly root: HTMLElement;
  readonly #parts: LabellingParts;
  readonly #box = h("textarea", { id: "bench-question", rows: 1, autocomplete: "off", spellcheck: false, enterkeyhint: "search", "aria-describedby": "bench-question-note" });
  readonly #note = h("p", { class: "note", id: "bench-question-note" });
  readonly #go = h("button", { type: "submit", class: "go" }, "Find candidates");
  readonly #stop = h("button", { type: "button", class: "go stop", hidden: true }, "Stop");
  readonly #summary = h("p", { class: "candidates-summary" });
  readonly #list = h("ol", { class: "candidates" });
  #items: Item[] = [];
  /** The question that the candidates are of. */
  #question: string | undefined;
  #controller: AbortController | undefined;

  constructor(parts: LabellingParts) {
    this.#parts = parts;
    const form = h(
      "form",
      { class: "ask", novalidate: true },
      h("label", { for: this.#box.id }, "Question"),
      h("div", { class: "ask-line" }, this.#box, this.#go, this.#stop),
      this.#note,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#ask();
    });
    this.#stop.addEventListener("click", () => this.stop());
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    this.root = h("div", { class: "labelling" }, form, this.#summary, this.#list);
  }

  /** What stands in the box. */
  set text(text: string) {
    this.#box.value = text;
  }

  /** The question whose candidates are shown. */
  get question(): string | undefined {
    return this.#question;
  }

  /** Finds the candidates of a question and shows them. */
  async find(text: string): Promise<void> {
    this.stop();
    const question = text.trim();
    this.#box.value = text;
    this.#note.textContent = "";
    if (question === "") {
      this.clear();
      return;
    }
    const controller = new AbortController();
    this.#controller = controller;
    const { signal } = controller;
    this.#busy(true);
    this.#summary.textContent = "Looking for candidates.";
    try {
      const ranker = await this.#parts.ranker(signal);
      const ids = await candidatesFor(ranker, question, {
        signal,
        onProgress: (done, total) => {
          if (this.#controller === controller) this.#summary.textContent = `The cross-encoder reads: ${done} of ${total}.`;
        },
      });
      if (this.#controller !== controller) return;
      this.#show(question, ids);
    } catch (error) {
      if (this.#controller !== controller) return;
      if (signal.aborted) this.#summary.textContent = "Stopped.";
      else {
        this.#summary.textContent = "";
        this.#note.textContent = `The candidates could not be found: ${error instanceof Error ? error.message : String(error)}`;
      }
    } finally {
      if (this.#controller === controller) {
        this.#controller = undefined;
        this.#busy(false);
      }
    }
  }

  /** Ends the search for candidates. */
  stop(): void {
    this.#controller?.abort();
  }

  /** Shows no candidates. */
  clear(): void {
    this.stop();
    this.#question = undefined;
    this.#items = [];
    this.#list.replaceChildren();
    this.#summary.textContent = "";
  }

  /** Shows the labels as they are now. */
  refresh(): void {
    if (this.#question === undefined) return;
    const grades = labelledIn(this.#parts.corpus().queries, this.#question)?.grades ?? {};
    const editable = this.#parts.editable();
    let labelled = 0;
    for (const { passage, choice, root } of this.#items) {
      const grade = Object.hasOwn(grades, passage.id) ? (grades[passage.id] as Grade) : undefined;
      if (grade !== undefined) labelled += 1;
      choice.show(grade, editable);
      root.dataset["label"] = gradeWord(grade);
    }
    const all = this.#items.length;
    const elsewhere = Object.keys(grades).length - labelled;
    const more = elsewhere === 0 ? "" : ` ${elsewhere} more ${elsewhere === 1 ? "passage is" : "passages are"} labelled that no ranking has near its top.`;
    if (all === 0) this.#summary.textContent = "Nothing was found: the library is empty.";
    else if (!editable) this.#summary.textContent = `${all} candidates; ${labelled} have a label, the others are off the question.${more}`;
    else this.#summary.textContent = `${labelled} of ${all} candidates labelled, ${all - labelled} missing.${more}`;
  }

  #ask(): void {
    const text = this.#box.value;
    if (text.trim() === "") {
      this.#note.textContent = "Type a question first.";
      this.#box.setAttribute("aria-invalid", "true");
      this.#box.focus();
      return;
    }
    this.#box.removeAttribute("aria-invalid");
    this.#parts.onAsk(text);
  }

  #busy(busy: boolean): void {
    this.#stop.hidden = !busy;
    this.#go.hidden = busy;
    this.#list.setAttribute("aria-busy", String(busy));
  }

  #show(question: string, ids: readonly string[]): void {
    const corpus = this.#parts.corpus();
    this.#question = question;
    this.#items = ids.flatMap((id, i): Item[] => {
      const passage = corpus.passage(id);
      if (passage === undefined) return [];
      const choice = new GradeChoice(`grade-${i}`, passage.title, (grade) => this.#parts.onGrade(question, id, grade));
      const long = passage.text.length > LONG;
      const text = h("p", { class: "passage-text" }, passage.text);
      const body = long ? h("details", {}, h("summary", {}, `${passage.text.slice(0, LONG).replace(/\s+\S*$/, "")} …`), text) : text;
      return [{ passage, choice, root: h("li", { "data-id": id }, h("h4", {}, passage.title), body, choice.root) }];
    });
    this.#list.replaceChildren(...this.#items.map(({ root }) => root));
    this.refresh();
    this.#parts.say(this.#summary.textContent);
  }

  /** Keys 0 to 3 grade the passage that has the focus, and go on to the next that has no label; Backspace takes the grade back. */
  #key(event: KeyboardEvent): void {
    if (!this.#parts.editable() || event.ctrlKey || event.metaKey || event.altKey || this.#question === undefined) return;
    const at = this.#items.findIndex(({ root }) => event.target instanceof Node && root.contains(event.target));
    const item = this.#items[at];
    if (item === undefined) return;
    if (event.key === "Backspace" || event.key === "Delete") {
      event.preventDefault();
      this.#parts.onGrade(this.#question, item.passage.id, null);
      return;
    }
    if (!/^[0-3]$/.test(event.key)) return;
    event.preventDefault();
    const grade = Number(event.key) as Grade;
    this.#parts.onGrade(this.#question, item.passage.id, grade);
    const after = [...this.#items.slice(at + 1), ...this.#items.slice(0, at)];
    const next = after.find(({ root, passage }) => passage.id !== item.passage.id && root.dataset["label"] === gradeWord(undefined));
    this.#parts.say(`“${item.passage.title}”: ${gradeWord(grade)}. ${next === undefined ? "All candidates are labelled." : ""}`.trim());
    (next ?? item).choice.focus();
  }
}
