/** "Compare": models, devices and numbers of workers side by side, on the same questions. */

import "../../style/choice.css";
import "./compare.css";
import type { Build } from "tabrank";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import type { Place } from "../../address";
import type { Corpus, LabelledQuery } from "../../corpus";
import { countText } from "../../measuring/quantities";
import { mean, RELEVANT } from "../../measuring/runs";
import { spread } from "../../measuring/spread";
import { TimeLeft } from "../../measuring/time-left";
import { Choice } from "../../view/choice";
import { h } from "../../view/dom";
import type { Bench, Part } from "../part";
import { save } from "../saving";
import { sourceLine, sourceOf } from "../source";
import { measurementTable, rankingTable, type Compared } from "./compare-tables";
import { compareSetups, type Outcome } from "./comparing";
import { LETTERS, SetupForm } from "./setup-form";
import { LABELLED, readCompareSettings, setupName, writeCompareSettings, type Asked, type CompareSettings, type Usual } from "./setups";

/** The name of this part in the address. */
const SLUG = "compare";
/** How often one question is asked, where there is but one. */
const TIMES = 7;
/** The pools to choose from: those of the search. */
const POOLS = [5, 10, 20, 50] as const;

/** Makes the part. */
export async function makeComparePart(bench: Bench): Promise<Part> {
  return new ComparePart(bench);
}

class ComparePart implements Part {
  readonly root: HTMLElement;
  readonly #bench: Bench;
  readonly #usual: Usual;
  readonly #source = h("div");
  readonly #form: SetupForm;
  readonly #asked: Choice<Asked>;
  readonly #pool: Choice<string>;
  readonly #build: Choice<Build | "">;
  readonly #box = h("textarea", { id: "compare-question", rows: 1, autocomplete: "off", spellcheck: false });
  readonly #question: HTMLElement;
  readonly #run = h("button", { type: "button", class: "go" }, "Compare");
  readonly #stop = h("button", { type: "button", class: "go stop", hidden: true }, "Stop");
  readonly #bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of comparing", hidden: true });
  readonly #steps = h("span", { class: "steps" });
  readonly #trouble = h("p", { class: "note", role: "alert" });
  readonly #numbers = h("div", { class: "numbers", role: "region", tabindex: 0, "aria-label": "Measurements side by side" });
  readonly #rankings = h("div", { class: "numbers", role: "region", tabindex: 0, "aria-label": "First places side by side" });
  readonly #which = h("select", { id: "compare-which" });
  readonly #whichField = h("div", { class: "setup-field controls", hidden: true }, h("label", { for: "compare-which" }, "Show the first places for"), this.#which);
  readonly #results: HTMLElement;
  #place: Place | undefined;
  #controller: AbortController | undefined;
  #compared: Compared | undefined;
  /** The library that was compared on. */
  #corpus: Corpus | undefined;
  #evaluator: Promise<Evaluator> | undefined;

  constructor(bench: Bench) {
    this.#bench = bench;
    const { manifest, app } = bench;
    const { biEncoder, crossEncoder } = app.address.settings;
    const cores = navigator.hardwareConcurrency || 1;
    this.#usual = { manifest, cores, biEncoder: biEncoder ?? manifest.defaults.bi_encoder, crossEncoder: crossEncoder ?? manifest.defaults.cross_encoder };
    this.#form = new SetupForm({ manifest, cores, onChange: (setups) => this.#keep({ setups }) });
    this.#asked = new Choice<Asked>("Ask", "compare-ask", [["question", "one question"], ["labelled", `${LABELLED} labelled questions`]], (asked) => this.#keep({ asked }));
    this.#pool = new Choice("Pool", "compare-pool", POOLS.map((pool) => [String(pool), String(pool)]), (pool) => {
      app.address.keep({ settings: { ...app.address.settings, pool: Number(pool) } });
      this.#moved();
    });
    this.#build = new Choice<Build | "">("Build of the engine", "compare-build", [["", "as in use"], ["simd128", "simd128"], ["relaxed-simd", "relaxed-simd"]], (build) => this.#keep({ build: build === "" ? undefined : build }));
    this.#question = h("div", { class: "ask" }, h("label", { for: this.#box.id }, "Question"), h("div", { class: "ask-line" }, this.#box));
    this.#box.addEventListener("change", () => {
      app.address.keep({ settings: { ...app.address.settings, query: this.#box.value } });
      this.#moved();
    });
    this.#run.addEventListener("click", () => void this.#compare());
    this.#stop.addEventListener("click", () => this.#controller?.abort());
    this.#which.addEventListener("change", () => this.#drawRankings());
    const saving = h("button", { type: "button", class: "plain" }, "Save as JSON");
    saving.addEventListener("click", () => this.#save());
    this.#results = h(
      "section",
      { "aria-labelledby": "compare-results", hidden: true },
      h("h3", { id: "compare-results" }, "Side by side"),
      this.#numbers,
      h(
        "p",
        { class: "hint" },
        "Times are medians, with the 95th percentile in brackets; the first searches of each set-up warm it up and aren’t counted. A search’s reading, shared out over its pairs, gives the time a pair. Timings of one machine in one run are comparable with each other only. Memory is the engine’s, of all its workers, with both models.",
      ),
      this.#whichField,
      this.#rankings,
      h("p", { class: "controls" }, saving),
    );
    this.root = h(
      "div",
      { class: "compare-part" },
      h("h2", {}, "Compare"),
      h("p", { class: "about" }, "Two to four set-ups, one after the other, on the same questions. Each gets a ranker of its own, with both models and the library, and is ended before the next begins."),
      this.#source,
      this.#form.root,
      h("div", { class: "controls choices" }, this.#asked.root, this.#pool.root, this.#build.root),
      this.#question,
      h("p", { class: "controls run-line" }, this.#run, this.#stop, this.#bar, this.#steps),
      this.#trouble,
      this.#results,
    );
    bench.libraries.watch(() => this.#refresh());
  }

  show(place: Place): void {
    this.#place = place;
    this.#refresh();
  }

  leave(): void {
    this.#place = undefined;
    this.#controller?.abort();
  }

  #refresh(): void {
    if (this.#place === undefined) return;
    const { asked, setups, build } = this.#settings();
    const { pool, query } = this.#bench.app.address.settings;
    this.#source.replaceChildren(sourceLine(this.#bench));
    this.#form.show(setups, this.#controller !== undefined);
    this.#asked.value = asked;
    this.#pool.value = String(pool);
    this.#build.value = build ?? "";
    this.#question.hidden = asked === "labelled";
    if (document.activeElement !== this.#box) this.#box.value = query;
    this.#results.hidden = this.#compared === undefined;
  }

  #settings(): CompareSettings {
    return readCompareSettings(this.#place?.own ?? [], this.#usual);
  }

  #keep(change: Partial<CompareSettings>): void {
    if (this.#place === undefined) return;
    this.#bench.app.address.keep({ own: [["bench", SLUG], ...writeCompareSettings({ ...this.#settings(), ...change }, this.#usual)] });
    this.#moved();
  }

  #moved(): void {
    this.#place = this.#bench.app.address.place;
    this.#refresh();
  }

  /** The labelled questions that are asked, spread over all. */
  #labelled(): LabelledQuery[] {
    const queries = sourceOf(this.#bench).corpus.queries.filter(({ grades }) => Object.values(grades).some((grade) => grade >= RELEVANT));
    return spread(queries.length)
      .slice(0, LABELLED)
      .flatMap((i) => queries[i] ?? []);
  }

  async #compare(): Promise<void> {
    if (this.#controller !== undefined) return;
    const { asked, setups, build } = this.#settings();
    const { app, session, libraries } = this.#bench;
    const collection = libraries.inUse;
    const { pool } = app.address.settings;
    const questions = asked === "labelled" ? this.#labelled().map(({ text }) => text) : [this.#box.value.trim()];
    this.#trouble.textContent = "";
    if (questions.length === 0) {
      this.#trouble.textContent = "No question of this library has a passage that answers it. Label some first, or compare with one question.";
      return;
    }
    if (questions.some((text) => text === "")) {
      this.#trouble.textContent = "Type a question first.";
      this.#box.focus();
      return;
    }
    const controller = new AbortController();
    this.#controller = controller;
    const { signal } = controller;
    this.#busy(true);
    const outcomes: (Outcome | undefined)[] = setups.map(() => undefined);
    const ndcg: (number | undefined)[] = setups.map(() => undefined);
    const left = new TimeLeft();
    let phase = "";
    try {
      this.#steps.textContent = "Waiting for the models in use.";
      const inUse = await session.models(signal);
      this.#compared = { setups, outcomes, ndcg, pool };
      this.#corpus = collection.corpus;
      await compareSetups(
        { setups, build: build ?? inUse.info().build, collection, questions, times: asked === "labelled" ? 1 : TIMES, pool },
        {
          signal,
          onPhase: (i, what) => {
            phase = `Set-up ${LETTERS[i] ?? ""} (${setupName(setups[i] as (typeof setups)[number], setups)}): ${what}`;
            left.restart(0);
            this.#bar.removeAttribute("value");
            this.#steps.textContent = phase;
            this.#bench.say(phase);
          },
          onProgress: (done, total) => {
            this.#bar.max = total;
            this.#bar.value = done;
            const time = left.text(done, total);
            this.#steps.textContent = `${phase}${time === "" ? "" : ` ${time[0]?.toUpperCase() ?? ""}${time.slice(1)} for this.`}`;
          },
          onOutcome: (i, outcome) => {
            outcomes[i] = outcome;
            this.#draw();
          },
        },
      );
      await this.#measure(outcomes, ndcg);
      this.#draw();
      this.#steps.textContent = `Done: ${countText(questions.length)} ${questions.length === 1 ? "question" : "questions"}, pool ${pool}.`;
      this.#bench.say("The comparison is done.");
    } catch (error) {
      if (signal.aborted) {
        await this.#measure(outcomes, ndcg).catch(() => undefined);
        this.#draw();
        this.#steps.textContent = "Stopped. What was measured stays.";
      } else {
        this.#steps.textContent = "";
        this.#trouble.textContent = `The comparison failed: ${error instanceof Error ? error.message : String(error)}`;
      }
    } finally {
      this.#controller = undefined;
      this.#busy(false);
    }
  }

  /** nDCG@10 of what the set-ups put in order, over the questions that have labels. */
  async #measure(outcomes: readonly (Outcome | undefined)[], ndcg: (number | undefined)[]): Promise<void> {
    const corpus = this.#corpus;
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome?.kind !== "measured") continue;
      const rankings = outcome.answers.flatMap(({ query, ranking }) => {
        const grades = corpus?.labelled(query)?.grades;
        return grades === undefined ? [] : [{ ranked: ranking.map(({ id }) => grades[id] ?? 0), judged: Object.values(grades) }];
      });
      if (rankings.length === 0) continue;
      const evaluator = await this.#open();
      ndcg[i] = mean((await evaluator.measure(rankings, { relevant: RELEVANT })).map((metrics) => metrics["ndcg@10"]));
    }
  }

  #draw(): void {
    const compared = this.#compared;
    if (compared === undefined) return;
    this.#results.hidden = false;
    this.#numbers.replaceChildren(measurementTable(compared));
    const [answers = []] = compared.outcomes.flatMap((outcome) => (outcome?.kind === "measured" ? [outcome.answers] : []));
    if (this.#which.length !== answers.length || answers.some(({ query }, i) => this.#which.options[i]?.text !== query)) {
      this.#which.replaceChildren(...answers.map(({ query }, i) => h("option", { value: i }, query)));
    }
    this.#whichField.hidden = answers.length < 2;
    this.#drawRankings();
  }

  #drawRankings(): void {
    const compared = this.#compared;
    const any = compared?.outcomes.some((outcome) => outcome?.kind === "measured") === true;
    this.#rankings.hidden = !any;
    if (compared !== undefined && this.#corpus !== undefined && any) this.#rankings.replaceChildren(rankingTable(compared, Math.max(0, this.#which.selectedIndex), this.#corpus));
  }

  #busy(busy: boolean): void {
    this.#run.hidden = busy;
    this.#stop.hidden = !busy;
    this.#bar.hidden = !busy;
    this.#box.disabled = busy;
    for (const { root } of [this.#asked, this.#pool, this.#build]) root.disabled = busy;
    this.#form.show(this.#settings().setups, busy);
  }

  #save(): void {
    if (this.#compared === undefined) return;
    const { id, name } = sourceOf(this.#bench);
    const text = `${JSON.stringify({ kind: "tabrank-comparison", version: 1, corpus: id ?? null, library: name, made: new Date().toISOString(), ...this.#compared }, undefined, 2)}\n`;
    save(new Blob([text], { type: "application/json" }), `${id ?? "tabrank"}-compared.json`);
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
