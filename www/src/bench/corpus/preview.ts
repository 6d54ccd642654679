/** What was found in the reader's files, to be looked at before anything is made of it. */

import { CHUNK_RULE } from "../../library/chunks";
import { counted } from "../../numbers";
import type { Format } from "../../library/endings";
import type { UserPassage } from "../../library/library";
import type { FileReport, Reading, Source } from "../../library/read";
import type { ColumnChoice } from "../../library/table";
import { h, type Child } from "../../view/dom";

/** Files that are described one by one; of more, their number. */
const MOST_FILES = 40;
const MOST_NOTICES = 8;
const SAMPLES = 3;

const FORMATS: Readonly<Record<Format, string>> = {
  text: "Plain text",
  markdown: "Markdown",
  csv: "Rows of fields (CSV)",
  json: "JSON",
};

/** What the reader can do with a preview. */
export interface PreviewHandlers {
  /** Other columns of the source at this position. */
  readonly onColumns: (position: number, columns: ColumnChoice) => void;
  readonly onMake: (name: string) => void;
  readonly onDiscard: () => void;
}

/** The preview of one library. */
export class Preview {
  readonly root = h("section", { class: "preview", "aria-labelledby": "preview-title", hidden: true });
  readonly #handlers: PreviewHandlers;
  readonly #title = h("h3", { id: "preview-title", tabindex: -1 });
  readonly #files = h("div", { class: "preview-files" });
  readonly #samples = h("details", {});
  readonly #time = h("p", { class: "time" });
  readonly #name = h("input", { type: "text", id: "library-name", maxlength: 100, autocomplete: "off" });
  readonly #make = h("button", { type: "submit", class: "go" }, "Make it searchable");

  constructor(handlers: PreviewHandlers) {
    this.#handlers = handlers;
    const discard = h("button", { type: "button", class: "plain" }, "Discard");
    discard.addEventListener("click", handlers.onDiscard);
    const form = h(
      "form",
      { class: "naming controls" },
      h("label", { for: this.#name.id }, "Name of the library"),
      this.#name,
      h("p", { class: "row-actions" }, this.#make, discard),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      handlers.onMake(this.#name.value);
    });
    const rule = h("details", {}, h("summary", {}, "How documents are cut into passages"), h("p", {}, CHUNK_RULE));
    this.root.append(this.#title, this.#files, this.#samples, rule, this.#time, form);
  }

  /** How long it will take, in a sentence. */
  set time(sentence: string) {
    this.#time.textContent = sentence;
  }

  /** The name that is proposed, as long as the reader hasn't given another. */
  propose(name: string): void {
    if (this.#name.value === "" || this.#name.value === this.#name.dataset["proposed"]) this.#name.value = name;
    this.#name.dataset["proposed"] = name;
  }

  /** Shows what was read of these sources. */
  show(sources: readonly Source[], { passages, files, failures }: Reading): void {
    const documents = files.reduce((sum, file) => sum + file.documents, 0);
    const from = files.length === 1 ? "" : ` in ${counted(files.length, "file")}`;
    this.#title.textContent =
      passages.length === 0
        ? "Nothing could be read"
        : `Found: ${counted(passages.length, "passage")} of ${counted(documents, "document")}${from}`;
    const focused = this.root.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["key"] : undefined;
    const placed = placesOf(sources, files);
    const cards = placed.slice(0, MOST_FILES).map(([file, position]) => this.#card(file, position, sources[position]?.columns ?? {}));
    const more = placed.length - MOST_FILES;
    this.#files.replaceChildren(
      ...failures.slice(0, MOST_FILES).map((failure) => h("p", { class: "note failure", role: "alert" }, failure.message)),
      ...cards,
      ...(more > 0 ? [h("p", { class: "hint" }, `and ${counted(more, "more file")}`)] : []),
    );
    this.#samples.hidden = passages.length === 0;
    this.#samples.replaceChildren(h("summary", {}, "The first passages"), ...passages.slice(0, SAMPLES).map(sampleOf));
    this.#make.disabled = passages.length === 0;
    this.#name.disabled = passages.length === 0;
    this.root.hidden = false;
    if (focused !== undefined) this.root.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Moves the reader's attention here. */
  focus(): void {
    this.#title.focus();
  }

  /** Takes it away. */
  clear(): void {
    this.root.hidden = true;
    this.#name.value = "";
    this.#time.textContent = "";
    this.#files.replaceChildren();
    this.#samples.replaceChildren();
  }

  #card(file: FileReport, position: number, choice: ColumnChoice): HTMLElement {
    const about = [FORMATS[file.format], file.encoding, `${counted(file.documents, "document")}, ${counted(file.passages, "passage")}`];
    const notices = file.notices.slice(0, MOST_NOTICES);
    const left = file.notices.length - notices.length;
    return h(
      "article",
      {},
      h("h4", {}, file.file),
      h("p", { class: "hint" }, about.join(" · ")),
      file.columns === null ? null : this.#columns(file, position, choice),
      notices.length === 0
        ? null
        : h("ul", { class: "notices" }, ...notices.map((notice) => h("li", {}, notice)), left > 0 ? h("li", {}, `and ${left} more`) : null),
    );
  }

  #columns({ file, columns, header }: FileReport, position: number, choice: ColumnChoice): Child {
    if (columns === null) return null;
    const { onColumns } = this.#handlers;
    const taken = { text: columns.text, title: columns.title, id: columns.id };
    const list = (key: "text" | "title" | "id", label: string): HTMLElement => {
      const id = `column-${position}-${key}`;
      const options = columns.all.map((name) =>
        h("option", { value: name, selected: name === taken[key] }, name === "" ? "(without a name)" : name),
      );
      const none = key === "text" ? null : h("option", { value: "", selected: taken[key] === null, "data-none": true }, "none");
      const select = h("select", { id, "data-key": id }, none, ...options);
      select.addEventListener("change", () => {
        const chosen = select.selectedOptions[0];
        const value = chosen?.dataset["none"] === undefined ? select.value : null;
        onColumns(position, { ...choice, ...taken, [key]: value, ...(header === null ? {} : { header }) });
      });
      return h("span", {}, h("label", { for: id }, label), select);
    };
    const first = h("input", {
      type: "checkbox",
      id: `column-${position}-header`,
      "data-key": `column-${position}-header`,
      checked: header === true,
    });
    // The names are others then, so no choice by name holds.
    first.addEventListener("change", () => onColumns(position, { header: first.checked }));
    return h(
      "fieldset",
      { class: "columns" },
      h("legend", {}, `Columns of ${file}`),
      list("text", "Text"),
      list("title", "Title"),
      list("id", "Id"),
      header === null ? null : h("span", { class: "check" }, first, h("label", { for: first.id }, "The first row holds names")),
    );
  }
}

/** Which source a report is of: both are in the same order, but some sources have none. */
function placesOf(sources: readonly Source[], files: readonly FileReport[]): [FileReport, number][] {
  let position = 0;
  return files.map((file) => {
    const found = sources.findIndex(({ name }, n) => n >= position && (name ?? "Pasted text") === file.file);
    position = Math.max(found, position) + 1;
    return [file, Math.max(found, 0)];
  });
}

function sampleOf({ title, text }: UserPassage): HTMLElement {
  const most = 400;
  return h(
    "p",
    { class: "sample" },
    h("strong", {}, title),
    h("br"),
    text.length > most ? `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…` : text,
  );
}
