/** What a comparison has found, as tables: measurements side by side, and what each set-up puts first. */

import type { Corpus } from "../../corpus";
import { MARKS, markOf } from "../../labels";
import { sizeText, timeText } from "../../measuring/quantities";
import { decimal, h } from "../../view/dom";
import { agreement, type Agreement } from "./agreement";
import type { Measured, Outcome } from "./comparing";
import { setupName, type Setup } from "./setups";
import { LETTERS } from "./setup-form";

/** What has been compared. */
export interface Compared {
  readonly setups: readonly Setup[];
  /** In the order of the set-ups; undefined for those that are still to come. */
  readonly outcomes: readonly (Outcome | undefined)[];
  /** nDCG@10 of each set-up, where the questions have labels. */
  readonly ndcg: readonly (number | undefined)[];
  readonly pool: number;
}

/** How many places are shown. */
const TOP = 5;

const measuredOf = (outcome: Outcome | undefined): Measured | undefined => (outcome?.kind === "measured" ? outcome : undefined);

/** Agreement with the first set-up that was measured; undefined for itself and where there is nothing to compare. */
export function agreements({ outcomes }: Compared): readonly (Agreement | undefined)[] {
  const first = outcomes.find((outcome) => outcome?.kind === "measured");
  return outcomes.map((outcome) => {
    const [one, other] = [measuredOf(first), measuredOf(outcome)];
    if (one === undefined || other === undefined || one === other) return undefined;
    const found = agreement(one.answers, other.answers);
    // Logits of different models aren't comparable.
    return one.crossEncoderSha256 === other.crossEncoderSha256 ? found : { ...found, difference: undefined };
  });
}

/** Measurements, a column for each set-up. */
export function measurementTable(compared: Compared): HTMLElement {
  const { setups, outcomes, ndcg } = compared;
  const agreed = agreements(compared);
  const against = LETTERS[outcomes.findIndex((outcome) => outcome?.kind === "measured")] ?? "A";
  const row = (name: string, cell: (outcome: Measured, i: number) => string): HTMLElement =>
    h("tr", {}, h("th", { scope: "row" }, name), ...outcomes.map((outcome, i) => h("td", {}, outcome?.kind === "measured" ? cell(outcome, i) : "–")));
  const spread = ({ p50, p95 }: Measured["pair"]): string => `${timeText(p50)} (${timeText(p95)})`;
  return h(
    "table",
    {},
    h("caption", {}, "Measurements"),
    h("thead", {}, h("tr", {}, h("td", {}), ...setups.map((setup, i) => h("th", { scope: "col" }, `${LETTERS[i] ?? ""}: ${setupName(setup, setups)}`)))),
    h(
      "tbody",
      {},
      h("tr", {}, h("th", { scope: "row" }, "State"), ...outcomes.map((outcome) => h("td", { class: "state" }, stateText(outcome)))),
      row("Reading a pair, p50 (p95)", ({ pair }) => spread(pair)),
      row("A whole search, p50 (p95)", ({ query }) => spread(query)),
      row("Until it is ready", ({ ready }) => timeText(ready)),
      row("Having the library indexed", ({ index, embedded }) => `${timeText(index)}, ${embedded ? "vectors made" : "from kept vectors"}`),
      row("Memory of the engine", ({ memory }) => sizeText(memory)),
      row("Read by", ({ devices, workers, lost }) => `${devices.join(", then ")}; ${workers} ${workers === 1 ? "worker" : "workers"}${lost.length === 0 ? "" : `; ${lost.join(" ")}`}`),
      row("nDCG@10", (_, i) => (ndcg[i] === undefined ? "no labels" : decimal(ndcg[i], 3))),
      row(`Kendall’s tau with ${against}`, (_, i) => {
        const found = agreed[i];
        if (found === undefined) return "–";
        return found.tau === undefined ? "no pool in common" : decimal(found.tau, 3);
      }),
      h(
        "tr",
        {},
        h("th", { scope: "row" }, `Largest difference of logits from ${against}`),
        ...agreed.map((found) => h("td", found?.difference === undefined ? {} : { "data-exact": found.difference }, logitText(found))),
      ),
    ),
  );
}

function stateText(outcome: Outcome | undefined): string {
  switch (outcome?.kind) {
    case undefined:
      return "still to come";
    case "measured":
      return `measured, ${outcome.searches} searches`;
    case "absent":
      return `not here: ${outcome.reason}`;
    case "failed":
      return `failed: ${outcome.reason}`;
  }
}

function logitText(found: Agreement | undefined): string {
  if (found === undefined) return "–";
  const { difference, pairs } = found;
  if (difference === undefined) return pairs === 0 ? "no pair in common" : "another model";
  return difference === 0 ? `none in ${pairs} pairs, to the bit` : `${difference.toPrecision(2)} in ${pairs} pairs`;
}

/** What each set-up puts first for a question. */
export function rankingTable({ setups, outcomes, pool }: Compared, question: number, corpus: Corpus): HTMLElement {
  const text = outcomes.flatMap((outcome) => measuredOf(outcome)?.answers[question]?.query ?? [])[0] ?? "";
  const labelled = corpus.labelled(text);
  const shown = setups.flatMap((setup, i) => {
    const answer = measuredOf(outcomes[i])?.answers[question];
    return answer === undefined ? [] : [{ name: `${LETTERS[i] ?? ""}: ${setupName(setup, setups)}`, ranking: answer.ranking }];
  });
  const places = Array.from({ length: Math.min(TOP, Math.max(0, ...shown.map(({ ranking }) => ranking.length))) }, (_, place) => place);
  const cell = (entry: { readonly id: string; readonly logit: number } | undefined): HTMLElement => {
    if (entry === undefined) return h("td", {}, "–");
    const mark = labelled === undefined ? undefined : MARKS[markOf(labelled, entry.id)];
    return h(
      "td",
      { "data-id": entry.id, "data-exact": entry.logit },
      mark === undefined ? null : h("span", { title: mark.meaning }, h("span", { "aria-hidden": "true" }, `${mark.sign} `), h("span", { class: "unseen" }, `${mark.word}: `)),
      corpus.title(entry.id),
      " ",
      h("span", { class: "logit" }, decimal(entry.logit, 3)),
    );
  };
  return h(
    "table",
    {},
    h("caption", {}, `The first ${places.length} of ${pool} candidates for “${text}”, with logits`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Rank"), ...shown.map(({ name }) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...places.map((place) => h("tr", {}, h("th", { scope: "row" }, String(place + 1)), ...shown.map(({ ranking }) => cell(ranking[place]))))),
  );
}
