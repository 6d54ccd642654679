/** The list of libraries: the one of this page, and those in this browser. */

import type { Collection } from "../../collection";
import { h, megabytes, type Child } from "../../view/dom";
import type { KeptFacts } from "./kept";
import { counted, grouped } from "../../numbers";

/** What the reader can do with a library. */
export interface KeptHandlers {
  /** Puts a library into use; undefined is the one of this page. */
  readonly onUse: (id: string | undefined) => void;
  /** Makes it searchable, or goes on with that. */
  readonly onPrepare: (id: string, name: string) => void;
  readonly onExport: (id: string) => void;
  readonly onRename: (id: string, name: string) => void;
  readonly onRemove: (id: string) => void;
}

/** What the list shows. */
export interface KeptShown {
  readonly shipped: Collection;
  readonly inUse: string | undefined;
  readonly kept: readonly KeptFacts[];
  /** Id of the library that is being made searchable. */
  readonly busy: string | undefined;
  /** Name of the bi-encoder in use; undefined while models are on their way. */
  readonly model: string | undefined;
}

/** What the reader is being asked about a library. */
interface Asking {
  readonly id: string;
  readonly kind: "rename" | "remove";
}

/** The list. */
export class KeptList {
  readonly root = h("ul", { class: "kept" });
  readonly #handlers: KeptHandlers;
  #shown: KeptShown | undefined;
  #asking: Asking | undefined;

  constructor(handlers: KeptHandlers) {
    this.#handlers = handlers;
  }

  /** Draws the list anew; focus and what is being typed stay. */
  draw(shown: KeptShown): void {
    this.#shown = shown;
    const focused = this.root.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["key"] : undefined;
    const typed = this.root.querySelector("input")?.value;
    this.root.replaceChildren(this.#page(shown), ...shown.kept.map((facts) => this.#row(facts, shown)));
    const input = this.root.querySelector("input");
    if (input !== null && typed !== undefined) input.value = typed;
    if (focused !== undefined) this.#focus(focused);
  }

  #page({ shipped, inUse }: KeptShown): HTMLElement {
    const { passages, queries } = shipped.corpus;
    const use =
      inUse === undefined ? inUseMark() : this.#button("Use", "use:", `Use: ${shipped.name}`, () => this.#handlers.onUse(undefined));
    return h(
      "li",
      { class: inUse === undefined ? "used" : undefined },
      h("h4", {}, shipped.name),
      h(
        "p",
        { class: "hint" },
        `${counted(passages.length, "passage")} · ${counted(queries.length, "labelled question")} · comes with the page; lessons always use it`,
      ),
      h("p", { class: "row-actions" }, use),
    );
  }

  #row(facts: KeptFacts, shown: KeptShown): HTMLElement {
    const { id, name, kept } = facts;
    const used = id === shown.inUse;
    return h(
      "li",
      { "data-library": id, class: used ? "used" : undefined },
      h("h4", {}, name),
      h("p", { class: "hint" }, aboutOf(facts)),
      h("p", { class: "hint" }, vectorsOf(facts, shown.model)),
      kept
        ? null
        : h(
            "p",
            { class: "note" },
            "In memory only: it is gone when this page is closed. Export it, or make room in the browser and save it again.",
          ),
      this.#asking?.id === id ? this.#question(facts, this.#asking.kind) : this.#actions(facts, shown),
    );
  }

  #actions(facts: KeptFacts, { inUse, busy }: KeptShown): HTMLElement {
    const { id, name } = facts;
    const { onUse, onPrepare, onExport } = this.#handlers;
    const done = facts.vectors.find(({ current }) => current)?.passages ?? 0;
    let use: Child;
    if (id === busy) use = h("span", { class: "hint" }, "being made searchable");
    else if (id === inUse) use = inUseMark();
    else if (done === facts.passages) use = this.#button("Use", `use:${id}`, `Use “${name}”`, () => onUse(id));
    else {
      const label = done === 0 ? "Make it searchable" : "Go on making it searchable";
      use = this.#button(label, `use:${id}`, `${label}: “${name}”`, () => onPrepare(id, name), busy !== undefined);
    }
    return h(
      "p",
      { class: "row-actions" },
      use,
      this.#button("Export", `export:${id}`, `Export “${name}” as a file`, () => onExport(id)),
      this.#button("Rename", `rename:${id}`, `Rename “${name}”`, () => this.#ask({ id, kind: "rename" }, `name:${id}`)),
      this.#button("Remove", `remove:${id}`, `Remove “${name}”`, () => this.#ask({ id, kind: "remove" }, `cancel:${id}`), id === busy),
    );
  }

  #question(facts: KeptFacts, kind: Asking["kind"]): HTMLElement {
    const { id, name, queries } = facts;
    const cancel = this.#button("Cancel", `cancel:${id}`, undefined, () => this.#ask(undefined, `${kind}:${id}`));
    const leave = (event: KeyboardEvent): void => {
      if (event.key === "Escape") this.#ask(undefined, `${kind}:${id}`);
    };
    if (kind === "remove") {
      const labels = queries === 0 ? "" : ` with ${counted(queries, "labelled question")}`;
      const remove = this.#button("Remove it for good", `sure:${id}`, undefined, () => {
        this.#asking = undefined;
        this.#handlers.onRemove(id);
      });
      const box = h(
        "div",
        { class: "asking", role: "group", "aria-label": `Remove “${name}”` },
        h("p", {}, `Remove “${name}”${labels} from this browser? What isn’t exported is lost.`),
        h("p", { class: "row-actions" }, remove, cancel),
      );
      box.addEventListener("keydown", leave);
      return box;
    }
    const input = h("input", {
      type: "text",
      id: `name-${id}`,
      maxlength: 100,
      required: true,
      value: name,
      "data-key": `name:${id}`,
      autocomplete: "off",
    });
    const form = h(
      "form",
      { class: "asking" },
      h("label", { for: input.id }, `New name of “${name}”`),
      h("p", { class: "row-actions" }, input, h("button", { type: "submit", class: "small" }, "Save"), cancel),
    );
    form.addEventListener("keydown", leave);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(undefined, `rename:${id}`);
      this.#handlers.onRename(id, input.value);
    });
    return form;
  }

  #ask(asking: Asking | undefined, focus: string): void {
    this.#asking = asking;
    // What was typed for another question is none for this one.
    this.root.querySelector("input")?.remove();
    if (this.#shown !== undefined) this.draw(this.#shown);
    this.#focus(focus);
    this.root.querySelector("input")?.select();
  }

  #focus(key: string): void {
    this.root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  #button(label: string, key: string, name: string | undefined, onClick: () => void, disabled = false): HTMLButtonElement {
    const button = h("button", { type: "button", class: "small", "data-key": key, "aria-label": name, disabled }, label);
    button.addEventListener("click", onClick);
    return button;
  }
}

function inUseMark(): HTMLElement {
  return h("span", { class: "in-use" }, h("span", { "aria-hidden": "true" }, "✓ "), "in use");
}

function aboutOf({ passages, queries, characters, created }: KeptFacts): string {
  const day = new Date(created);
  const made = Number.isNaN(day.getTime())
    ? ""
    : `made on ${day.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" })}`;
  const size = characters === undefined ? "can’t be read" : `${megabytes(characters)} of text`;
  return [counted(passages, "passage"), counted(queries, "labelled question"), size, made].filter((part) => part !== "").join(" · ");
}

function vectorsOf({ passages, vectors }: KeptFacts, model: string | undefined): string {
  if (vectors.length === 0) return model === undefined ? "No vectors yet." : `No vectors by ${model} yet.`;
  const parts = vectors.map((one) =>
    one.passages === passages
      ? one.model
      : `${one.model} (${grouped(one.passages)} of ${grouped(passages)} so far)`,
  );
  const missing = model === undefined || vectors.some(({ current }) => current) ? "" : `; none by ${model} yet`;
  return `Vectors by ${parts.join(", ")}${missing}.`;
}
