/** The left column: the pool, best cosine first. */

import type { Corpus, LabelledQuery } from "../corpus";
import { decimal, h } from "./dom";
import { entry } from "./entry";

/** Passages shown before the reader asks for the rest of the pool. */
const SHOWN = 10;

/** A candidate with its place in the judge's ranking. */
export interface ScoutEntry {
  readonly id: string;
  readonly rank: number;
  readonly cosine: number;
  readonly finalRank: number | undefined;
}

/** The left column. */
export class ScoutColumn {
  readonly #root: HTMLElement;
  readonly #onResize: () => void;
  #whole = false;

  /** `onResize` is called when the reader opens or closes the rest of the pool. */
  constructor(root: HTMLElement, onResize: () => void) {
    this.#root = root;
    this.#onResize = onResize;
  }

  /** Takes away the pool that is shown. */
  clear(): void {
    this.#root.replaceChildren();
  }

  /** Shows a pool. */
  render(corpus: Corpus, query: LabelledQuery | undefined, entries: readonly ScoutEntry[]): void {
    const items = entries.map((candidate) =>
      entry({
        id: candidate.id,
        rank: candidate.rank,
        passage: corpus.passage(candidate.id),
        value: decimal(candidate.cosine, 3),
        valueName: "cosine",
        exact: candidate.cosine,
        bar: bar(candidate.cosine),
        move: destination(candidate.finalRank),
        mark: query === undefined ? undefined : corpus.mark(query, candidate.id),
        truncated: false,
      }),
    );
    const list = h("ol", { class: "entries", id: "scout-list" }, ...items);
    this.#root.replaceChildren(list);
    if (items.length <= SHOWN) return;

    const button = h("button", { class: "more", type: "button", "aria-controls": "scout-list" });
    const fold = (): void => {
      for (const item of items.slice(SHOWN)) item.hidden = !this.#whole;
      button.textContent = this.#whole ? `Show the first ${SHOWN}` : `Show the whole pool of ${items.length}`;
      button.setAttribute("aria-expanded", String(this.#whole));
      this.#onResize();
    };
    button.addEventListener("click", () => {
      this.#whole = !this.#whole;
      fold();
    });
    this.#root.append(button);
    fold();
  }
}

/** Cosines of texts on the same subject lie between 0 and 1; a negative one has no bar, only its number. */
function bar(cosine: number): HTMLElement {
  const fill = h("span");
  fill.style.inlineSize = `${Math.min(1, Math.max(0, cosine)) * 100}%`;
  return h("span", { class: "bar", "aria-hidden": "true" }, fill);
}

function destination(finalRank: number | undefined): HTMLElement | null {
  if (finalRank === undefined) return null;
  return h("span", { class: "move" }, `judge: ${finalRank}`);
}
