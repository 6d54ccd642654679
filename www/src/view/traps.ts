/** The labelled questions, one click away: the traps by shelf, or those of the reader's own library; and the trap in question with its twin. */

import { shelfName, type Corpus, type LabelledQuery, type TrapPair } from "../corpus";
import { ownWords } from "../words";
import { h } from "./dom";

/** Called with the text of the question that the reader chose. */
export type Choose = (text: string) => void;

/** Questions of the reader's own that are listed; the bench has all of them. */
const MOST_OWN = 100;

/** What the list is called, for either kind of library. */
const NAMES = {
  traps: ["Traps", "questions that turn on one small word, each with a twin that asks for the opposite"],
  own: ["Your questions", "those that you have labelled for this library"],
} as const;

/** The list of labelled questions: all traps, folded by shelf, or the reader's own. */
export class TrapList {
  readonly #root: HTMLElement;
  readonly #choose: Choose;
  readonly #buttons = new Map<string, HTMLButtonElement>();
  readonly #ownColumn = matchMedia("(min-width: 75rem)");

  constructor(root: HTMLElement, choose: Choose) {
    this.#root = root;
    this.#choose = choose;
  }

  /** Lists the questions of a corpus; there is nothing to see where it has none. */
  render(corpus: Corpus): void {
    this.#buttons.clear();
    const panel = this.#root.closest<HTMLElement>(".traps");
    if (panel !== null) panel.hidden = corpus.own && corpus.queries.length === 0;
    const [name, hint] = corpus.own ? NAMES.own : NAMES.traps;
    panel?.querySelector("h2")?.replaceChildren(name);
    panel?.querySelector("summary .hint")?.replaceChildren(hint);
    if (corpus.own) this.#root.replaceChildren(this.#ownQuestions(corpus.queries));
    else this.#traps(corpus);
  }

  #ownQuestions(queries: readonly LabelledQuery[]): HTMLElement {
    const more = queries.length - MOST_OWN;
    return h(
      "div",
      { class: "shelf-traps own-questions" },
      h("ul", {}, ...queries.slice(0, MOST_OWN).map((query) => h("li", {}, this.#button(query, undefined)))),
      more > 0 ? h("p", { class: "hint" }, `and ${more} more, which the bench lists`) : null,
    );
  }

  #traps(corpus: Corpus): void {
    // Where the list has a column of its own, every trap is one click away; elsewhere the shelves are folded.
    const unfolded = this.#ownColumn.matches;
    const shelves = [...corpus.trapsByShelf()].map(([shelf, pairs]) =>
      h(
        "details",
        // One name for the folded: opening a shelf closes the one before, so that the list stays short.
        { class: "shelf-traps", ...(unfolded ? { open: "" } : { name: "shelf" }) },
        h("summary", {}, shelfName(shelf), h("span", { class: "count" }, String(pairs.length))),
        h("ul", {}, ...pairs.map((pair) => this.#pair(pair))),
      ),
    );
    this.#root.replaceChildren(...shelves);
  }

  /** Marks the question in use, and opens its shelf. */
  mark(query: LabelledQuery | undefined): void {
    for (const [id, button] of this.#buttons) {
      if (id === query?.id) {
        button.setAttribute("aria-current", "true");
        button.closest("details")?.setAttribute("open", "");
        // With the next frame's layout, instead of one more for this alone.
        if (this.#ownColumn.matches) requestAnimationFrame(() => this.#reveal(button));
      } else button.removeAttribute("aria-current");
    }
  }

  /** Scrolls the list, and not the page as `scrollIntoView` would, until the button is in sight. */
  #reveal(button: HTMLElement): void {
    const column = this.#root.closest(".traps");
    if (column === null) return;
    const [within, around] = [button.getBoundingClientRect(), column.getBoundingClientRect()];
    const hidden = within.top < around.top || within.bottom > Math.min(around.bottom, innerHeight);
    if (hidden) column.scrollTop += within.top - around.top - column.clientHeight / 3;
  }

  #pair({ trap, twin }: TrapPair): HTMLLIElement {
    return h(
      "li",
      {},
      h("span", { class: "kind" }, trap.trap),
      this.#button(trap, twin),
      twin === undefined ? null : this.#button(twin, trap),
    );
  }

  #button(query: LabelledQuery, other: LabelledQuery | undefined): HTMLButtonElement {
    const button = h("button", { type: "button", class: query.trap === null ? "as-twin" : "as-trap" }, ...emphasised(query, other));
    button.addEventListener("click", () => this.#choose(query.text));
    this.#buttons.set(query.id, button);
    return button;
  }
}

/** Shows, under the question, the trap and its twin, of which one is in use; hides itself for any other question. */
export function renderTwins(root: HTMLElement, corpus: Corpus, query: LabelledQuery | undefined, choose: Choose): void {
  const pair = query === undefined ? undefined : corpus.pairOf(query);
  const { trap, twin } = pair ?? {};
  root.hidden = trap === undefined || twin === undefined;
  if (trap === undefined || twin === undefined) return;
  const focused = root.contains(document.activeElement);
  const buttons = [trap, twin].map((one) => {
    const current = one === query;
    const button = h(
      "button",
      { type: "button", "aria-pressed": String(current) },
      h("span", { class: "kind" }, one === trap ? "Trap" : "Twin"),
      h("span", {}, ...emphasised(one, one === trap ? twin : trap)),
    );
    button.addEventListener("click", () => choose(one.text));
    return button;
  });
  root.replaceChildren(...buttons);
  // The buttons are made anew with each search; whoever pressed one with the keyboard stays where they were.
  if (focused) buttons.find((button) => button.getAttribute("aria-pressed") === "true")?.focus();
}

/** A question with the words set off that its twin lacks. */
function emphasised(query: LabelledQuery, other: LabelledQuery | undefined): (HTMLElement | string)[] {
  if (other === undefined) return [query.text];
  return ownWords(query.text, other.text).flatMap(({ text, own }, position) => [
    position === 0 ? "" : " ",
    own ? h("b", {}, text) : text,
  ]);
}
