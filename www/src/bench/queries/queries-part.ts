/** "Your queries": labelling questions of the library in use, and measuring them. */

import "../../style/choice.css";
import "./queries.css";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import type { Place } from "../../address";
import type { LabelledQuery } from "../../corpus";
import { graded, withoutQuery, type Grade } from "../../library/library";
import { FIRST_QUERY } from "../../state";
import { h } from "../../view/dom";
import type { Bench, Part } from "../part";
import { sourceLine, sourceOf } from "../source";
import { LabelFiles } from "./label-files";
import { Labelling } from "./labelling";
import { MeasuringPanel } from "./measuring-panel";
import { QuestionTable } from "./question-table";
import { readMeasureSettings, writeMeasureSettings, type MeasureSettings } from "./settings";

/** The name of this part in the address. */
const SLUG = "queries";

/** Makes the part. */
export async function makeQueriesPart(bench: Bench): Promise<Part> {
  return new QueriesPart(bench);
}

class QueriesPart implements Part {
  readonly root: HTMLElement;
  readonly #bench: Bench;
  readonly #source = h("div");
  readonly #readOnly = h("p", { class: "hint" }, "The labels of this library are part of the site: you can look at them and measure with them. To label, make a library of your own searchable.");
  readonly #trouble = h("p", { class: "note", role: "alert" });
  readonly #table: QuestionTable;
  readonly #files: LabelFiles;
  readonly #labelling: Labelling;
  readonly #measuring: MeasuringPanel;
  #evaluator: Promise<Evaluator> | undefined;
  /** What is shown, if it is shown. */
  #place: Place | undefined;
  /** Changes of labels, one after the other. */
  #changes: Promise<unknown> = Promise.resolve();
  /** How many of them are not on the shelf yet. */
  #waiting = 0;
  /** The question that candidates are being looked for. */
  #looking: string | undefined;

  constructor(bench: Bench) {
    this.#bench = bench;
    const source = () => sourceOf(bench);
    const say = (sentence: string): void => bench.say(sentence);
    this.#table = new QuestionTable({
      href: (text) => bench.app.address.href({ settings: { ...bench.app.address.settings, query: text }, own: this.#own() }),
      onRemove: (query) => void this.#change((queries) => withoutQuery(queries, query.id)).then(() => say(`“${query.text}” and its labels are removed.`), () => undefined),
    });
    this.#files = new LabelFiles({ source, change: (change) => this.#change(change), say });
    this.#labelling = new Labelling({
      corpus: () => source().corpus,
      editable: () => source().editable,
      ranker: (signal) => source().ranker(signal),
      onAsk: (text) => this.#ask(text),
      onGrade: (question, passage, grade) => this.#grade(question, passage, grade),
      say,
    });
    this.#measuring = new MeasuringPanel({ bench, source, evaluator: () => this.#open(), onChange: (change) => this.#keep(change) });
    this.root = h(
      "div",
      { class: "queries-part" },
      h("h2", {}, "Your queries"),
      h("p", { class: "about" }, "A measurement is worth as much as its questions. Ask what you would really ask, say of each candidate how well it answers, and see what each way of ranking makes of it."),
      this.#source,
      this.#trouble,
      h(
        "section",
        { "aria-labelledby": "bench-labelled" },
        h("h3", { id: "bench-labelled" }, "Labelled questions"),
        this.#table.root,
        this.#files.root,
      ),
      h(
        "section",
        { "aria-labelledby": "bench-label" },
        h("h3", { id: "bench-label" }, "Label a question"),
        h(
          "p",
          { class: "hint" },
          "The candidates are the first ten by vectors, by words (BM25) and by the cross-encoder, in an order that doesn’t tell which ranking has what where. Keys 0 to 3 label the passage that has the focus and go on to the next; Backspace takes a label back.",
        ),
        this.#readOnly,
        this.#labelling.root,
      ),
      this.#measuring.root,
    );
    bench.libraries.watch(() => this.#refresh());
    bench.models.watch({ opening: () => this.#labelling.stop(), opened: () => this.#refresh(), failed: () => undefined });
  }

  show(place: Place): void {
    const before = this.#place;
    this.#place = place;
    if (before?.settings.corpus !== place.settings.corpus) {
      this.#labelling.clear();
      this.#files.clear();
      this.#trouble.textContent = "";
    }
    this.#refresh();
  }

  leave(): void {
    this.#place = undefined;
    this.#labelling.stop();
    this.#measuring.stop();
  }

  /** Shows the library and its labels as they are now. */
  #refresh(): void {
    const place = this.#place;
    if (place === undefined) return;
    const source = sourceOf(this.#bench);
    this.#source.replaceChildren(sourceLine(this.#bench));
    this.#readOnly.hidden = source.editable;
    this.#table.show(source.corpus.queries, source.editable);
    this.#files.refresh();
    this.#measuring.show(this.#settings());
    const { query, corpus } = this.#bench.app.address.settings;
    // The question that opens the page is nobody's here.
    const asked = query === FIRST_QUERY ? "" : query;
    if (!this.#bench.libraries.settled(corpus)) return;
    if (asked.trim() !== "" && asked.trim() !== this.#labelling.question && asked !== this.#looking) {
      this.#looking = asked;
      void this.#labelling.find(asked).finally(() => (this.#looking = undefined));
    } else this.#labelling.refresh();
  }

  #ask(text: string): void {
    const { address } = this.#bench.app;
    if (text !== address.settings.query) address.add({ settings: { ...address.settings, query: text } });
    this.#looking = text;
    void this.#labelling.find(text).finally(() => (this.#looking = undefined));
  }

  #grade(question: string, passage: string, grade: Grade | null): void {
    void this.#change((queries) => graded(queries, question, passage, grade)).catch(() => undefined);
  }

  /** Changes labels, on the page at once and then on the shelf. */
  #change(change: (queries: readonly LabelledQuery[]) => readonly LabelledQuery[]): Promise<void> {
    const { libraries } = this.#bench;
    const own = libraries.own;
    if (own === undefined) return Promise.reject(new Error("The labels of this library can’t be changed."));
    libraries.changed(own.id, { queries: change(own.record.queries) });
    const changing = this.#changes.then(async () => {
      const shelf = await libraries.shelf();
      try {
        const queries = await shelf.label(own.id, change);
        this.#trouble.textContent = "";
        // Another tab may have labelled too; but nothing older than what was done here since comes back.
        if (this.#waiting === 1) libraries.changed(own.id, { queries });
      } catch (error) {
        this.#trouble.textContent = `The label is in memory only: ${error instanceof Error ? error.message : String(error)}`;
      } finally {
        this.#waiting -= 1;
      }
    });
    this.#waiting += 1;
    this.#changes = changing.catch(() => undefined);
    return changing;
  }

  #settings(): MeasureSettings {
    return readMeasureSettings(this.#place?.own ?? [], this.#usual(), this.#bench.manifest);
  }

  #usual(): string {
    const { manifest, app } = this.#bench;
    return app.address.settings.crossEncoder ?? manifest.defaults.cross_encoder;
  }

  #own(settings = this.#settings()): Place["own"] {
    return [["bench", SLUG], ...writeMeasureSettings(settings, this.#usual(), this.#bench.manifest)];
  }

  #keep(change: Partial<MeasureSettings>): void {
    if (this.#place === undefined) return;
    const { address } = this.#bench.app;
    address.keep({ own: this.#own({ ...this.#settings(), ...change }) });
    this.#place = address.place;
    this.#measuring.show(this.#settings());
  }

  #open(): Promise<Evaluator> {
    this.#evaluator ??= openEvaluator();
    const opening = this.#evaluator;
    // One that could not be had is asked for again next time.
    opening.catch(() => {
      if (this.#evaluator === opening) this.#evaluator = undefined;
    });
    return opening;
  }
}
