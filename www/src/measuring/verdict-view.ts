/** A verdict on reranking, as the lessons and the bench show it: in words, as intervals, question by question, and in numbers. */

import "../style/verdict.css";
import type { Comparison } from "tabrank/evaluate";
import { Chart } from "../view/chart";
import { Numbers } from "../view/table";
import { Choice } from "../view/choice";
import { decimal, h } from "../view/dom";
import { changesOf, comparisonOf, GROUPS, groupsOf, METRIC_KEYS, METRICS, type Change, type Group, type Metric, type RerankingReport } from "./reranking";
import type { Labelled } from "./runs";
import { drawChanges, drawIntervals, type IntervalRow } from "./verdict-charts";
import { differenceText, headline, neededText, signed } from "./verdict-text";

/** Which part of a report is looked at. */
export interface VerdictChoice {
  readonly metric: Metric;
  readonly group: Group;
  readonly pool: number;
}

/** What the view needs. */
export interface VerdictParts {
  readonly labelled: Labelled;
  readonly pools: readonly number[];
  /** A prefix for names and ids, of this view alone. */
  readonly prefix: string;
  readonly onChoose: (choice: VerdictChoice) => void;
  /** Where a question's dot leads; nowhere if absent. */
  readonly href?: (query: string, pool: number) => string;
}

/** What the questions of a group are called. */
const QUESTIONS: Readonly<Record<Group, string>> = { all: "questions", traps: "traps", twins: "twins", plain: "plain questions" };

const HINT = "Each dot is a question. Point at one to see which.";

/** The view. */
export class VerdictView {
  /** To be put wherever it shall be seen. */
  readonly root: HTMLElement;
  readonly #parts: VerdictParts;
  readonly #groups: ReadonlyMap<Group, readonly number[]>;
  readonly #metric: Choice<Metric>;
  readonly #group: Choice<Group>;
  readonly #pool: Choice<string>;
  readonly #headline = h("strong");
  readonly #finding = h("span");
  readonly #needed = h("p");
  readonly #values: Chart;
  readonly #differences: Chart;
  readonly #changes: Chart;
  readonly #readout = h("p", { class: "readout" }, HINT);
  readonly #meaning = h("p", { class: "hint" });
  readonly #numbers = new Numbers("Before and after in numbers");
  #choice: VerdictChoice | undefined;
  #report: RerankingReport | undefined;

  constructor(parts: VerdictParts) {
    this.#parts = parts;
    this.#groups = groupsOf(parts.labelled.queries);
    const change = (part: Partial<VerdictChoice>): void => {
      if (this.#choice !== undefined) parts.onChoose({ ...this.#choice, ...part });
    };
    const { prefix, pools } = parts;
    this.#metric = new Choice("Metric", `${prefix}-metric`, METRIC_KEYS.map((metric) => [metric, METRICS[metric].name]), (metric) => change({ metric }));
    this.#group = new Choice("Questions", `${prefix}-group`, [...this.#groups].map(([group, members]) => [group, `${GROUPS[group]} (${members.length})`]), (group) => change({ group }));
    this.#pool = new Choice("Pool", `${prefix}-pool`, pools.map((pool) => [String(pool), String(pool)]), (pool) => change({ pool: Number(pool) }));
    const place = (): HTMLElement => h("div", { class: "chart" });
    const [values, differences, changes] = [place(), place(), place()];
    [this.#values, this.#differences, this.#changes] = [new Chart(values), new Chart(differences), new Chart(changes)];
    this.root = h(
      "div",
      { class: "verdict-view" },
      h("div", { class: "controls choices" }, this.#metric.root, this.#groups.size > 1 ? this.#group.root : null, this.#pool.root),
      h("p", { class: "finding" }, this.#headline, " ", this.#finding),
      this.#needed,
      h("div", { class: "drawing verdict-charts" }, values, differences),
      h("div", { class: "drawing" }, changes),
      this.#readout,
      this.#meaning,
      this.#numbers.root,
    );
  }

  /** Shows a part of a report. */
  show(choice: VerdictChoice, report: RerankingReport | undefined): void {
    const same = report === this.#report && JSON.stringify(choice) === JSON.stringify(this.#choice);
    this.#choice = choice;
    this.#report = report;
    this.#metric.value = choice.metric;
    this.#group.value = choice.group;
    this.#pool.value = String(choice.pool);
    const comparison = report === undefined ? undefined : comparisonOf(report, choice.group, choice.pool, choice.metric);
    if (report === undefined || comparison === undefined || same) return;
    const { name } = METRICS[choice.metric];
    this.#headline.textContent = headline(comparison);
    this.#headline.dataset["verdict"] = comparison.n < 2 ? "unclear" : comparison.verdict;
    this.#finding.textContent = differenceText({ metric: name, questions: QUESTIONS[choice.group], pool: choice.pool }, comparison);
    this.#needed.textContent = neededText(comparison);
    this.#drawIntervals(choice, report, comparison);
    this.#drawChanges(choice, report);
    this.#drawNumbers(choice, report);
  }

  #drawIntervals({ metric, group, pool }: VerdictChoice, report: RerankingReport, comparison: Comparison): void {
    const { name } = METRICS[metric];
    const values: IntervalRow[] = [
      { name: "before", interval: comparison.before, colour: "var(--scout)", strong: true },
      { name: "after", interval: comparison.after, colour: "var(--judge)", strong: true },
    ];
    const differences = report.pools.flatMap((size): IntervalRow[] => {
      const one = comparisonOf(report, group, size, metric);
      return one === undefined ? [] : [{ name: `pool ${size}`, interval: one.difference, colour: "currentColor", strong: size === pool }];
    });
    const of = `${QUESTIONS[group]}, ${name}`;
    this.#values.show((width) =>
      drawIntervals({ rows: values, label: `${name}, mean and 95 % interval`, differences: false, words: `${of}, before and after at pool ${pool}, with intervals. The numbers are in the table below.` }, width),
    );
    this.#differences.show((width) =>
      drawIntervals({ rows: differences, label: "after less before", differences: true, words: `${of}: difference with its interval at each pool. The numbers are in the table below.` }, width),
    );
  }

  #drawChanges({ metric, group, pool }: VerdictChoice, report: RerankingReport): void {
    const { labelled, href } = this.#parts;
    const { name } = METRICS[metric];
    const changes = changesOf(report, this.#groups.get(group) ?? [], pool, metric);
    const textOf = ({ position }: Change): string => labelled.queries[position]?.text ?? "";
    const words = (change: Change): string =>
      `“${textOf(change)}”: ${name} ${decimal(change.before, 3)} before, ${decimal(change.after, 3)} after (${signed(change.difference, 3)})`;
    const address = (change: Change): string | undefined => href?.(textOf(change), pool);
    this.#readout.textContent = HINT;
    const onPoint = (position: number | undefined): void => {
      const change = position === undefined ? undefined : changes[position];
      if (change === undefined) {
        this.#readout.textContent = HINT;
        return;
      }
      const to = address(change);
      this.#readout.replaceChildren(`${words(change)}. `, to === undefined ? "" : h("a", { href: to, tabindex: -1 }, "See it in the search"));
    };
    this.#changes.show((width) =>
      drawChanges(
        {
          changes,
          metric: name,
          describe: (change) => ({ label: words(change), href: address(change) }),
          words: `The difference in ${name} of each of ${changes.length} questions, sorted.`,
          onPoint,
        },
        width,
      ),
    );
  }

  #drawNumbers({ group, metric }: VerdictChoice, report: RerankingReport): void {
    const { name, meaning } = METRICS[metric];
    this.#meaning.textContent = `${name}: ${meaning}; the mean over the questions.`;
    this.#numbers.show({
      caption: `${name} before and after reranking, by pool`,
      head: ["Pool", "before", "after", "difference", "95 % interval", "better", "worse", "verdict"],
      rows: report.pools.flatMap((pool) => {
        const one = comparisonOf(report, group, pool, metric);
        if (one === undefined) return [];
        const { before, after, difference, better, worse } = one;
        const interval = `${signed(difference.low, 3)} to ${signed(difference.high, 3)}`;
        const verdict = headline(one).replace(/\.$/, "");
        return [[String(pool), decimal(before.mean, 3), decimal(after.mean, 3), signed(difference.mean, 3), interval, String(better), String(worse), verdict]];
      }),
    });
  }
}
