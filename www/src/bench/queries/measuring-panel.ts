/** Measuring the labelled questions: what is measured, running it, stopping it, and what came of it. */

import type { Evaluator } from "tabrank/evaluate";
import type { Bench } from "../part";
import type { Labelled } from "../../measuring/runs";
import { RELEVANT } from "../../measuring/runs";
import { POOLS, STAGE_NAMES, STAGES, TIMED } from "../../measuring/sweep";
import { sweepRows, type SweepFound, type SweepRow } from "../../measuring/sweep-report";
import { TimeLeft } from "../../measuring/time-left";
import { countText } from "../../measuring/quantities";
import { h, megabytes } from "../../view/dom";
import { cost, obtainable } from "../obtainable";
import { save } from "../saving";
import type { Source } from "../source";
import type { MeasureSettings } from "./settings";
import { sweepCsv, sweepJson } from "./sweep-file";
import { SweepView } from "./sweep-view";
import { Sweeper } from "./sweeper";

/** What the panel needs. */
export interface MeasuringParts {
  readonly bench: Bench;
  readonly source: () => Source;
  readonly evaluator: () => Promise<Evaluator>;
  /** Called with a change of what is measured or looked at. */
  readonly onChange: (change: Partial<MeasureSettings>) => void;
}

/** The panel. */
export class MeasuringPanel {
  readonly root: HTMLElement;
  readonly #parts: MeasuringParts;
  readonly #boxes = h("div", { class: "controls choices" });
  readonly #what = h("p", { class: "hint" });
  readonly #run = h("button", { type: "button", class: "go" }, "Measure");
  readonly #stop = h("button", { type: "button", class: "go stop", hidden: true }, "Stop");
  readonly #bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of measuring", hidden: true });
  readonly #steps = h("span", { class: "steps" });
  readonly #trouble = h("p", { class: "note", role: "status" });
  readonly #stale = h("p", { class: "note", hidden: true }, "The labels have changed since this was measured. Measure again: what was read is kept.");
  readonly #view: SweepView;
  readonly #saving: HTMLElement;
  readonly #sweeper = new Sweeper();
  #settings: MeasureSettings | undefined;
  #controller: AbortController | undefined;
  /** What is being measured. */
  #measured: Labelled | undefined;
  #found: SweepFound | undefined;
  #rows: readonly SweepRow[] = [];
  #devices: Record<string, string> = {};

  constructor(parts: MeasuringParts) {
    this.#parts = parts;
    this.#view = new SweepView({
      evaluator: parts.evaluator,
      onChoose: parts.onChange,
      href: (question, pool) => parts.source().searchHref(question, Math.min(50, pool)),
    });
    this.#run.addEventListener("click", () => void this.#measure());
    this.#stop.addEventListener("click", () => this.stop());
    const saving = (format: "csv" | "json"): HTMLElement => {
      const button = h("button", { type: "button", class: "plain" }, `Save as ${format.toUpperCase()}`);
      button.addEventListener("click", () => this.#save(format));
      return button;
    };
    this.#saving = h("p", { class: "controls", hidden: true }, saving("csv"), saving("json"));
    this.root = h(
      "section",
      { "aria-labelledby": "bench-measure" },
      h("h3", { id: "bench-measure" }, "Measure"),
      this.#boxes,
      this.#what,
      h("p", { class: "controls run-line" }, this.#run, this.#stop, this.#bar, this.#steps),
      this.#trouble,
      this.#stale,
      this.#view.root,
      this.#saving,
    );
  }

  /** Shows what is to be measured, and what was. */
  show(settings: MeasureSettings): void {
    this.#settings = settings;
    // The index is another library's by now, or soon will be.
    if (this.#controller !== undefined && this.#measured?.passages !== this.#parts.source().corpus.passages) this.stop();
    this.#drawBoxes(settings);
    this.#tell();
    if (this.#found !== undefined && this.#found.labelled.passages === this.#parts.source().corpus.passages) {
      void this.#view.show(this.#found, this.#rows, settings).catch((error: unknown) => this.#fail(error));
      this.#stale.hidden = JSON.stringify(this.#found.labelled.queries) === JSON.stringify(this.#labelled().queries);
    } else this.#forget();
  }

  /** Stops measuring. What is done stays. */
  stop(): void {
    this.#controller?.abort();
  }

  /** The questions that can be measured. */
  #labelled(): Labelled {
    const { passages, queries } = this.#parts.source().corpus;
    return { passages, queries: queries.filter(({ grades }) => Object.values(grades).some((grade) => grade >= RELEVANT)) };
  }

  async #measure(): Promise<void> {
    const settings = this.#settings;
    const { bench, source } = this.#parts;
    if (settings === undefined || this.#controller !== undefined) return;
    const labelled = this.#labelled();
    const { editable, ranker } = source();
    const controller = new AbortController();
    this.#controller = controller;
    this.#measured = labelled;
    const { signal } = controller;
    this.#trouble.textContent = "";
    this.#busy(true);
    const left = new TimeLeft();
    let phase = "";
    try {
      bench.say("Measuring has begun.");
      this.#steps.textContent = "Waiting for the models.";
      const inUse = await ranker(signal);
      await this.#sweeper.run(
        { plan: settings, labelled, complete: !editable, ranker: inUse, device: bench.app.address.settings.device },
        {
          signal,
          onPhase: (sentence) => {
            phase = sentence;
            this.#bar.removeAttribute("value");
            this.#steps.textContent = sentence;
            left.restart(0);
            bench.say(sentence);
          },
          onProgress: (done, total, what) => {
            if (done === 0) left.restart(0);
            this.#bar.max = total;
            this.#bar.value = done;
            const time = left.text(done, total);
            this.#steps.textContent = `${phase} ${countText(done)} of ${countText(total)} ${what}${time === "" ? "" : `, ${time}`}.`;
          },
          onFile: ({ status, loaded, total }) => {
            if (status === "progress" && loaded !== undefined && !signal.aborted) this.#steps.textContent = `${phase} ${megabytes(loaded)}${total === undefined ? "" : ` of ${megabytes(total)}`}.`;
          },
          onModel: (found) => this.#take(found),
          onTrouble: (model, error) => {
            this.#trouble.textContent += `${this.#trouble.textContent === "" ? "" : " "}${model} could not be measured: ${error instanceof Error ? error.message : String(error)}`;
          },
        },
      );
      this.#steps.textContent = "Done.";
      bench.say("Measuring is done. The results are below.");
    } catch (error) {
      if (signal.aborted) {
        const found = this.#sweeper.found;
        if (found !== undefined && found.labelled === labelled) await this.#take(found).catch((trouble: unknown) => this.#fail(trouble));
        this.#steps.textContent = "Stopped. What was read is kept: Measure goes on from there.";
        bench.say("Stopped.");
      } else this.#fail(error);
    } finally {
      if (this.#controller === controller) {
        this.#controller = undefined;
        this.#busy(false);
      }
    }
  }

  /** Takes what has been found so far. */
  async #take(found: SweepFound): Promise<void> {
    const rows = await sweepRows(await this.#parts.evaluator(), found);
    this.#found = found;
    this.#rows = rows;
    this.#stale.hidden = true;
    this.#devices = Object.fromEntries([...found.readings].map(([model, { device }]) => [model, device]));
    this.#saving.hidden = rows.length === 0;
    if (this.#settings !== undefined) await this.#view.show(found, rows, this.#settings);
  }

  #forget(): void {
    this.#found = undefined;
    this.#rows = [];
    this.#stale.hidden = true;
    this.#saving.hidden = true;
    this.#steps.textContent = "";
    this.#view.clear();
  }

  #fail(error: unknown): void {
    this.#steps.textContent = "";
    this.#trouble.textContent = `This could not be measured: ${error instanceof Error ? error.message : String(error)}`;
  }

  #busy(busy: boolean): void {
    this.#run.hidden = busy;
    this.#stop.hidden = !busy;
    this.#bar.hidden = !busy;
    for (const input of this.#boxes.querySelectorAll("input")) input.disabled = busy;
  }

  #tell(): void {
    const settings = this.#settings;
    if (settings === undefined) return;
    const questions = this.#labelled().queries.length;
    this.#run.disabled = questions === 0;
    const { passages } = this.#parts.source().corpus;
    const deepest = Math.min(passages.length, Math.max(...settings.pools));
    const pairs = questions * deepest * settings.models.length;
    this.#what.textContent =
      questions === 0
        ? "There is nothing to measure yet: no question has a passage that answers it."
        : `${countText(questions)} ${questions === 1 ? "question" : "questions"}, about ${countText(pairs)} pairs to read for one first stage, and ${Math.min(TIMED, questions)} questions read once more for each pool, to be timed.` +
          (questions < 30 ? " Of so few questions, intervals are wide." : "");
  }

  #drawBoxes(settings: MeasureSettings): void {
    const { manifest } = this.#parts.bench;
    const list = <T extends string | number>(legend: string, all: readonly T[], chosen: readonly T[], label: (value: T) => string, choose: (values: readonly T[]) => void): HTMLElement => {
      const inputs = all.map((value) => {
        const input = h("input", { type: "checkbox", value, name: `bench-${legend}` });
        input.checked = chosen.includes(value);
        input.disabled = this.#controller !== undefined;
        input.addEventListener("change", () => {
          const values = all.filter((one, i) => (one === value ? input.checked : inputs[i]?.checked === true));
          // There must be one.
          if (values.length === 0) input.checked = true;
          else choose(values);
        });
        return input;
      });
      return h("fieldset", { class: "choice boxes" }, h("legend", {}, legend), h("div", {}, ...inputs.map((input, i) => h("label", {}, input, h("span", {}, label(all[i] as T))))));
    };
    const known = obtainable(manifest);
    const size = new Map(known.map((model) => [model.id, cost(model)]));
    const focused = document.activeElement instanceof HTMLInputElement && this.#boxes.contains(document.activeElement) ? document.activeElement : undefined;
    this.#boxes.replaceChildren(
      list("First stages", STAGES, settings.stages, (stage) => STAGE_NAMES[stage], (stages) => this.#parts.onChange({ stages })),
      list("Pools", POOLS, settings.pools, String, (pools) => this.#parts.onChange({ pools })),
      list(
        "Cross-encoders",
        known.map(({ id }) => id),
        settings.models,
        (id) => `${id} (${size.get(id) ?? ""})`,
        (ids) => this.#parts.onChange({ models: ids }),
      ),
    );
    if (focused !== undefined) this.#boxes.querySelector<HTMLInputElement>(`input[name="${CSS.escape(focused.name)}"][value="${CSS.escape(focused.value)}"]`)?.focus();
  }

  #save(format: "csv" | "json"): void {
    const { id, name, corpus } = this.#parts.source();
    const info = this.#parts.bench.session.info;
    const context = { corpus: id ?? null, library: name, passages: corpus.passages.length, biEncoder: info?.biEncoder?.id ?? "", engine: info?.version ?? "", devices: this.#devices, made: new Date().toISOString() };
    const text = format === "csv" ? sweepCsv(this.#rows) : sweepJson(this.#rows, context);
    save(new Blob([text], { type: format === "csv" ? "text/csv" : "application/json" }), `${id ?? "tabrank"}-measured.${format}`);
  }
}
