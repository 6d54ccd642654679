/** The traps on the page: a cell for each, halved between the two models; the cells by kind, and the questions by name. */

import "../../../style/exhibits-traps.css";
import { Choice } from "../../../view/choice";
import { h } from "../../../view/dom";
import { makePointable } from "../../../view/pointing";
import type { Run, Showing, Stage } from "../../exhibit";
import { Numbers } from "../../../view/table";
import type { Side, TrapsData, TrapsInput, TrapsState } from "../traps";
import { byKind, certaintyText, count, FATE_NAMES, FATES, pairsText, rightOf, sideOf, tallyText, type Fate, type Fated, type Kind } from "./findings";

const HINT = "Each cell is a question: its upper half is the bi-encoder’s, its lower half the cross-encoder’s. Point at one to see what became of it.";

/** The lists of questions by name. What the cross-encoder does badly stands as openly as what it does well. */
const LISTS: readonly { readonly title: string; readonly fates: readonly Fate[]; readonly open: boolean }[] = [
  { title: "Corrected by the cross-encoder", fates: ["corrected"], open: true },
  { title: "Spoiled by the cross-encoder", fates: ["spoiled"], open: true },
  { title: "Right for both", fates: ["both-right"], open: false },
  { title: "Wrong for both, with an answer in the pool", fates: ["both-wrong"], open: false },
  { title: "Wrong for both, with no answer in the pool", fates: ["not-in-pool"], open: false },
];

/** The drawing and its switch. */
export class TrapsShowing implements Showing<TrapsState, TrapsInput, TrapsData> {
  readonly #stage: Stage<TrapsState>;
  readonly #side: Choice<Side>;
  readonly #finding = h("p", { class: "finding" });
  readonly #certainty = h("p");
  readonly #pairs = h("p");
  readonly #matrix = h("div", { class: "trap-matrix drawing" });
  readonly #readout = h("p", { class: "readout" }, HINT);
  readonly #lists = h("div", { class: "trap-lists" });
  readonly #numbers = new Numbers("The kinds in numbers");
  #state: TrapsState | undefined;
  #shown: { readonly data: TrapsData; readonly side: Side } | undefined;

  constructor(stage: Stage<TrapsState>) {
    this.#stage = stage;
    this.#side = new Choice<Side>("Questions", `${stage.prefix}-side`, [["traps", "Traps"], ["twins", "Their twins"]], (side) => {
      if (this.#state !== undefined) stage.change({ ...this.#state, side });
    });
    stage.root.replaceChildren(
      h("div", { class: "controls choices" }, this.#side.root),
      this.#finding,
      this.#certainty,
      legend(),
      this.#matrix,
      this.#readout,
      this.#pairs,
      this.#lists,
      this.#numbers.root,
    );
  }

  draw(state: TrapsState, run: Run<TrapsInput, TrapsData> | undefined): void {
    this.#state = state;
    const { side } = state;
    this.#side.value = side;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined || (this.#shown?.data === run.data && this.#shown.side === side)) return;
    const { data, input } = run;
    this.#shown = { data, side };
    const kinds = byKind(this.#stage.corpus, data);
    const fated = sideOf(kinds, side);
    this.#finding.textContent = tallyText(fated, side, input.pool);
    this.#certainty.textContent = certaintyText(data.comparisons[side], side);
    this.#pairs.textContent = pairsText(kinds);
    this.#drawMatrix(kinds, side, input.pool);
    this.#drawLists(fated, input.pool);
    this.#drawNumbers(kinds);
  }

  #drawMatrix(kinds: readonly Kind[], side: Side, pool: number): void {
    const fated: Fated[] = [];
    const links: HTMLAnchorElement[] = [];
    const rows = kinds.map(({ kind, pairs }) => {
      const own = pairs.flatMap((pair) => pair[side] ?? []);
      const cells = own.map((one) => {
        const link = cell(one, pool);
        fated.push(one);
        links.push(link);
        return h("li", {}, link);
      });
      const wrong = (model: "scout" | "judge"): number => own.filter(({ fate }) => !rightOf(fate)[model]).length;
      return h(
        "div",
        { class: "trap-kind" },
        h("p", {}, h("b", {}, kind), h("span", { class: "hint" }, kindHint(kind))),
        h("p", { class: "hint" }, `wrong of ${own.length}: bi-encoder ${wrong("scout")}, cross-encoder ${wrong("judge")}`),
        h("ul", { "aria-label": `${kind}; arrow keys go from cell to cell` }, ...cells),
      );
    });
    const matrix = h("div", {}, ...rows);
    makePointable({ root: matrix, links, onPoint: (position) => this.#point(position === undefined ? undefined : fated[position], pool) });
    this.#matrix.replaceChildren(matrix);
    this.#point(undefined, pool);
  }

  #point(fated: Fated | undefined, pool: number): void {
    if (fated === undefined) this.#readout.textContent = HINT;
    else {
      const { query, fate, text } = fated;
      const link = h("a", { href: address(query.text, pool), tabindex: -1 }, "See it in the search");
      this.#readout.replaceChildren(h("b", {}, `“${query.text}”`), ` (${FATE_NAMES[fate]}). ${text} `, link);
    }
  }

  #drawLists(fated: readonly Fated[], pool: number): void {
    this.#lists.replaceChildren(
      ...LISTS.map(({ title, fates, open }) => {
        const own = fated.filter(({ fate }) => fates.includes(fate));
        const items = own.map(({ query }) => h("li", {}, h("a", { href: address(query.text, pool) }, query.text)));
        const list = own.length === 0 ? h("p", { class: "hint" }, "None.") : h("ul", {}, ...items);
        return h("details", { open }, h("summary", {}, `${title} (${own.length})`), list);
      }),
    );
  }

  #drawNumbers(kinds: readonly Kind[]): void {
    const row = (kind: string, side: Side, own: readonly Fated[]): string[] => [kind, side, String(own.length), ...FATES.map((fate) => String(count(own, fate)))];
    this.#numbers.show({
      caption: "What became of traps and twins, by kind of small word",
      head: ["Small word", "questions", "number", ...FATES.map((fate) => FATE_NAMES[fate])],
      rows: (["traps", "twins"] as const).flatMap((side) => [...kinds.map((kind) => row(kind.kind, side, sideOf([kind], side))), row("all", side, sideOf(kinds, side))]),
    });
  }
}

/** A cell: a half for each model, with a sign that tells right from wrong without colour. */
function cell({ query, fate }: Fated, pool: number): HTMLAnchorElement {
  const right = rightOf(fate);
  return h(
    "a",
    { href: address(query.text, pool), class: `trap-cell ${fate}`, "aria-label": `${query.text}: ${FATE_NAMES[fate]}` },
    half("upper", right.scout),
    half("lower", right.judge),
  );
}

function half(place: "upper" | "lower", right: boolean): HTMLElement {
  return h("span", { class: `${place} ${right ? "right" : "wrong"}`, "aria-hidden": "true" }, right ? "✓" : "✗");
}

/** What a kind of small word does, where this project's labels have it. */
function kindHint(kind: string): string {
  const hints: Readonly<Record<string, string>> = {
    negation: "not",
    exclusion: "without, no",
    only: "this and nothing else",
    order: "before, after",
    number: "how many",
    role: "who does it to whom",
  };
  return ` ${hints[kind] ?? ""}`;
}

function legend(): HTMLElement {
  const sample = (scout: boolean, judge: boolean, fate: Fate): (HTMLElement | string)[] => [
    h("span", { class: `trap-cell ${fate}`, "aria-hidden": "true" }, half("upper", scout), half("lower", judge)),
    h("span", {}, FATE_NAMES[fate]),
  ];
  const items = FATES.map((fate) => {
    const { scout, judge } = rightOf(fate);
    return h("li", {}, ...sample(scout, judge, fate));
  });
  return h("ul", { class: "trap-legend hint", "aria-label": "What cells look like" }, ...items);
}

function address(query: string, pool: number): string {
  return `?${new URLSearchParams({ q: query, pool: String(pool) }).toString()}`;
}
