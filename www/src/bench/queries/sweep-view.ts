/** What a sweep has found, on the page: a chart, the verdict in detail, and all rows as a table. */

import type { Evaluator } from "tabrank/evaluate";
import { LineChart, type Line } from "../../view/lines";
import { VerdictView } from "../../measuring/verdict-view";
import { sweepReport, type SweepFound, type SweepRow } from "../../measuring/sweep-report";
import { DEPTH, STAGE_NAMES, type SweepStage } from "../../measuring/sweep";
import { Choice } from "../../view/choice";
import { decimal, h } from "../../view/dom";
import { sweepCells, sweepHead } from "./sweep-file";
import type { MeasureSettings } from "./settings";

/** What the view needs. */
export interface SweepViewParts {
  readonly evaluator: () => Promise<Evaluator>;
  /** Called with what the reader chooses to look at. */
  readonly onChoose: (change: Partial<MeasureSettings>) => void;
  /** Where a question leads, in the search. */
  readonly href: (question: string, pool: number) => string;
}

/** Colours by cross-encoder, dashes by first stage: neither is needed to tell the lines apart, as each has its name. */
const COLOURS = ["var(--judge)", "var(--scout)", "var(--risen)", "var(--fallen)", "var(--answers)", "var(--near)"];
const DASHES: Readonly<Record<SweepStage, string | undefined>> = { dense: undefined, bm25: "6 3", hybrid: "2 3" };
/** The longest name beside a line, in characters, and where there is little room. */
const NAME = 22;
const SHORT = 13;

/** The view. */
export class SweepView {
  readonly root: HTMLElement;
  readonly #parts: SweepViewParts;
  readonly #quality = new LineChart();
  readonly #recall = new LineChart();
  readonly #charts: HTMLElement;
  readonly #choices = h("div", { class: "controls choices" });
  readonly #verdict = h("div");
  readonly #table = h("div", { class: "numbers", role: "region", tabindex: 0, "aria-label": "All measurements" });
  readonly #timing = h("p", { class: "hint" });
  #found: SweepFound | undefined;
  #rows: readonly SweepRow[] = [];
  #shown: { readonly found: SweepFound; readonly rows: readonly SweepRow[]; readonly stage: SweepStage; readonly model: string; readonly view: VerdictView; readonly report: Parameters<VerdictView["show"]>[1] } | undefined;

  constructor(parts: SweepViewParts) {
    this.#parts = parts;
    this.#charts = h("div", { class: "sweep-charts" }, figure("nDCG@10 after reranking, by pool", this.#quality.root), figure("Recall of the pool: the most that reranking can reach", this.#recall.root));
    this.root = h(
      "div",
      { class: "sweep", hidden: true },
      h("h4", {}, "Does reranking help?"),
      this.#choices,
      this.#verdict,
      h("h4", {}, "By pool"),
      this.#charts,
      h("h4", {}, "All measurements"),
      this.#table,
      this.#timing,
    );
  }

  /** Shows what has been found so far, and the part that is looked at. */
  async show(found: SweepFound, rows: readonly SweepRow[], settings: MeasureSettings): Promise<void> {
    const fresh = rows !== this.#rows;
    this.#found = found;
    this.#rows = rows;
    this.root.hidden = rows.length === 0;
    if (fresh) {
      this.#drawCharts(found, rows);
      this.#drawTable(rows, found);
    }
    await this.#drawVerdict(settings);
  }

  /** Shows nothing. */
  clear(): void {
    this.root.hidden = true;
    this.#found = undefined;
    this.#rows = [];
    this.#shown = undefined;
    this.#verdict.replaceChildren();
  }

  async #drawVerdict(settings: MeasureSettings): Promise<void> {
    const [found, rows] = [this.#found, this.#rows];
    if (found === undefined) return;
    const done = found.plan.models.filter((model) => rows.some((row) => row.model === model));
    const stage = found.plan.stages.find((one) => one === settings.stage) ?? found.plan.stages[0];
    const model = done.find((one) => one === settings.model) ?? done[0];
    if (stage === undefined || model === undefined) {
      this.#choices.replaceChildren();
      this.#verdict.replaceChildren(h("p", { class: "hint" }, "No cross-encoder has read anything yet."));
      return;
    }
    this.#drawChoices(found, done, stage, model);
    const pool = found.plan.pools.includes(settings.pool) ? settings.pool : (found.plan.pools.at(-1) ?? 0);
    const shown = this.#shown;
    if (shown !== undefined && shown.rows === rows && shown.stage === stage && shown.model === model) {
      shown.view.show({ ...settings, pool }, shown.report);
      return;
    }
    const measured = await sweepReport(await this.#parts.evaluator(), found, stage, model);
    // Something newer is there by now.
    if (measured === undefined || this.#rows !== rows) return;
    const view = new VerdictView({
      labelled: measured.labelled,
      pools: found.plan.pools,
      prefix: "bench-verdict",
      onChoose: ({ metric, group, pool: chosen }) => this.#parts.onChoose({ metric, group, pool: chosen }),
      href: this.#parts.href,
    });
    this.#shown = { found, rows, stage, model, view, report: measured.report };
    this.#verdict.replaceChildren(view.root);
    const group = measured.report.groups[settings.group] === undefined ? "all" : settings.group;
    view.show({ ...settings, group, pool }, measured.report);
  }

  #drawChoices({ plan }: SweepFound, done: readonly string[], stage: SweepStage, model: string): void {
    const stages = new Choice("First stage", "bench-verdict-stage", plan.stages.map((one) => [one, STAGE_NAMES[one]]), (one) => this.#parts.onChoose({ stage: one }));
    const models = new Choice("Cross-encoder", "bench-verdict-model", done.map((one) => [one, one]), (one) => this.#parts.onChoose({ model: one }));
    stages.value = stage;
    models.value = model;
    // What was chosen by keyboard keeps the focus.
    const focused = document.activeElement instanceof HTMLInputElement && this.#choices.contains(document.activeElement) ? document.activeElement : undefined;
    this.#choices.replaceChildren(...(plan.stages.length > 1 ? [stages.root] : []), ...(done.length > 1 ? [models.root] : []));
    if (focused !== undefined) this.#choices.querySelector<HTMLInputElement>(`input[name="${focused.name}"][value="${CSS.escape(focused.value)}"]`)?.focus();
  }

  #drawCharts({ plan }: SweepFound, all: readonly SweepRow[]): void {
    const pools = plan.pools;
    // Only what is of the same questions is drawn together.
    const most = Math.max(0, ...all.map(({ model, questions }) => (model === null ? 0 : questions)));
    const rows = all.filter(({ questions }) => questions === most);
    const deepest = Math.max(...pools);
    const colourOf = (model: string): string => COLOURS[plan.models.indexOf(model) % COLOURS.length] ?? "currentColor";
    const short = (row: Pick<SweepRow, "stage" | "model">): string => {
      const name = row.model === null || plan.models.length > 1 ? (row.model ?? "alone") : "reranked";
      const whole = plan.stages.length > 1 ? `${STAGE_NAMES[row.stage]}, ${name}` : name;
      return cut(whole, NAME);
    };
    const quality: Line[] = [];
    for (const stage of plan.stages) {
      const alone = rows.find((row) => row.stage === stage && row.model === null);
      if (alone !== undefined) {
        const value = alone.metrics["ndcg@10"];
        quality.push({ name: short(alone), short: cut(short(alone), SHORT), colour: "var(--ink-soft)", dashes: DASHES[stage] ?? "1 0", points: [[0, value], [deepest, value]] });
      }
      for (const model of plan.models) {
        const own = rows.filter((row) => row.stage === stage && row.model === model);
        const [first] = own;
        if (first === undefined) continue;
        const dashes = DASHES[stage];
        quality.push({ name: short(first), short: cut(short(first), SHORT), colour: colourOf(model), ...(dashes === undefined ? {} : { dashes }), marked: true, points: own.map(({ pool, metrics }) => [pool ?? 0, metrics["ndcg@10"]]) });
      }
    }
    const recall = plan.stages.flatMap((stage, i): Line[] => {
      const [model] = plan.models.filter((one) => rows.some((row) => row.stage === stage && row.model === one));
      const own = rows.filter((row) => row.stage === stage && row.model === model && model !== undefined);
      if (own.length === 0) return [];
      const dashes = DASHES[stage];
      return [{ name: STAGE_NAMES[stage], colour: COLOURS[(i + 1) % COLOURS.length] ?? "currentColor", ...(dashes === undefined ? {} : { dashes }), marked: true, points: own.map((row) => [row.pool ?? 0, row.recall ?? 0]) }];
    });
    // Ticks that would stand on each other are left out.
    const ticks = pools.filter((pool) => pool === deepest || pool >= deepest / 12);
    const x = { domain: [0, deepest] as const, ticks, label: "pool" };
    const y = { domain: [0, 1] as const, format: (value: number) => decimal(value, 1) };
    const inWords = (lines: readonly Line[]): string => lines.map(({ name, points }) => `${name}: ${points.map(([px, value]) => `${decimal(value, 3)} at ${px}`).join(", ")}`).join("; ");
    this.#quality.show({ lines: quality, x, y: { ...y, label: "nDCG@10" }, height: 280, words: `nDCG@10 by pool. ${inWords(quality)}.` });
    this.#recall.show({ lines: recall, x, y: { ...y, label: "recall" }, height: 280, words: `Recall by pool. ${inWords(recall)}.` });
    this.#charts.hidden = recall.length === 0;
  }

  #drawTable(rows: readonly SweepRow[], { labelled, complete, plan }: SweepFound): void {
    const cell = ([first = "", ...cells]: readonly string[]): HTMLElement => h("tr", {}, h("th", { scope: "row" }, first), ...cells.map((text) => h("td", {}, text)));
    this.#table.replaceChildren(
      h(
        "table",
        {},
        h("caption", {}, `${labelled.queries.length} questions; means over the questions`),
        h("thead", {}, h("tr", {}, ...sweepHead(!complete).map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...rows.map((row) => cell(sweepCells(row, !complete)))),
      ),
    );
    const timed = Math.max(0, ...rows.map(({ model, latency }) => (model === null ? 0 : (latency?.timed ?? 0))));
    const partial = rows.some(({ questions }) => questions < labelled.queries.length) ? " Rows of fewer questions are of those that had been read when it was stopped; compare them with rows of as many only." : "";
    const holes = complete ? "" : " Passages that nobody has labelled count as off: the last column says how many of the first ten those are. Where they are many, label more before you trust the numbers.";
    this.#timing.textContent =
      `p50 and p95: milliseconds from the question to the ranking, the middle and the 95th percentile${timed === 0 ? "" : ` (of ${timed} reranked searches, each pool read afresh)`}. ` +
      `${plan.stages.includes("bm25") ? "By words, too, the question’s vector is made, as the engine tells every candidate’s cosine. " : ""}` +
      `The first stage is heard down to rank ${DEPTH}; what isn’t read stays behind what is. Timings of one machine in one run are comparable with each other only.${partial}${holes}`;
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function figure(caption: string, drawing: HTMLElement): HTMLElement {
  return h("figure", {}, h("figcaption", {}, caption), drawing);
}

