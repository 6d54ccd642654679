/** The numbers behind a drawing, as a table that opens. */

import { h } from "./dom";

/** A table. The first cell of a row is its head. */
export interface Table {
  /** What it holds, for those who hear the page. */
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table that opens below a drawing. */
export class Numbers {
  readonly root: HTMLDetailsElement;
  readonly #place: HTMLElement;
  /** What is to be shown once it is open; nothing if it is there already. */
  #next: (() => Table) | undefined;

  /** `summary` is what is seen while it is closed. */
  constructor(summary: string) {
    this.#place = h("div", { class: "numbers", role: "region", tabindex: 0, "aria-label": summary });
    this.root = h("details", {}, h("summary", {}, summary), this.#place);
    this.root.addEventListener("toggle", () => this.#fill());
  }

  /** Shows a table in the place of any other. It is made when it is to be seen: what is closed costs nothing while charts are dragged. */
  show(table: Table | (() => Table)): void {
    this.#next = typeof table === "function" ? table : () => table;
    this.#fill();
  }

  #fill(): void {
    if (!this.root.open || this.#next === undefined) return;
    const { caption, head, rows } = this.#next();
    this.#next = undefined;
    const row = ([first = "", ...cells]: readonly string[]): HTMLElement =>
      h("tr", {}, h("th", { scope: "row" }, first), ...cells.map((cell) => h("td", {}, cell)));
    this.#place.replaceChildren(
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, caption),
        h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...rows.map(row)),
      ),
    );
  }
}
