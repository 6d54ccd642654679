/** Takes texts and files from the reader: pasted, dropped or picked; exported libraries go another way than texts. */

import { ARCHIVE_ENDING } from "../../library/archive";
import { ENDINGS } from "../../library/endings";
import { h } from "../../view/dom";

/** Called with what the reader brings. */
export interface IntakeHandlers {
  readonly onText: (text: string) => void;
  readonly onFiles: (files: readonly File[]) => void;
  /** Files of exported libraries. */
  readonly onArchives: (files: readonly File[]) => void;
}

/** What is being typed outlives a reload, up to this many characters. */
const LONGEST_DRAFT = 1_000_000;
const DRAFT = "tabrank-draft";

/** The form. */
export class Intake {
  readonly root: HTMLElement;
  readonly #handlers: IntakeHandlers;
  readonly #text = h("textarea", { id: "paste", rows: 6, spellcheck: "false", "aria-describedby": "paste-note" });
  readonly #note = h("p", { class: "note", id: "paste-note" });

  constructor(handlers: IntakeHandlers) {
    this.#handlers = handlers;
    const read = h("button", { type: "submit", class: "go" }, "Read it");
    const accept = [...Object.values(ENDINGS).flat(), ".zip"].join(",");
    const picker = h("input", { type: "file", id: "pick", multiple: true, accept, "aria-describedby": "pick-hint" });
    this.#text.value = draft();
    const form = h(
      "form",
      { class: "intake controls", novalidate: true },
      h("div", { class: "paste" }, h("label", { for: "paste" }, "Paste a text"), this.#text, this.#note, read),
      h(
        "div",
        { class: "pick" },
        h("label", { for: "pick" }, "Or choose files, or drop them here"),
        picker,
        h(
          "p",
          { class: "hint", id: "pick-hint" },
          `Text, Markdown, CSV, TSV, JSON, JSON Lines; or a library that was exported here (${ARCHIVE_ENDING}). Several at once become one library.`,
        ),
      ),
    );
    this.root = form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#readText();
    });
    this.#text.addEventListener("input", () => {
      this.#note.textContent = "";
      this.#text.removeAttribute("aria-invalid");
    });
    this.#text.addEventListener("change", () => keepDraft(this.#text.value));
    addEventListener("pagehide", () => keepDraft(this.#text.value));
    picker.addEventListener("change", () => {
      this.#take([...(picker.files ?? [])]);
      // So that choosing the same file again is a change.
      picker.value = "";
    });
    this.#makeDroppable(form);
  }

  /** Moves the reader's attention here. */
  focus(): void {
    this.#text.focus();
  }

  /** Forgets the text, which has become part of a library. */
  clear(): void {
    this.#text.value = "";
    keepDraft("");
  }

  #readText(): void {
    if (this.#text.value.trim() !== "") {
      this.#handlers.onText(this.#text.value);
      return;
    }
    this.#note.textContent = "Please paste a text first, or choose files.";
    this.#text.setAttribute("aria-invalid", "true");
    this.#text.focus();
  }

  #take(files: readonly File[]): void {
    const archives = files.filter(({ name }) => /\.zip$/i.test(name));
    const others = files.filter((file) => !archives.includes(file));
    if (archives.length > 0) this.#handlers.onArchives(archives);
    if (others.length > 0) this.#handlers.onFiles(others);
  }

  #makeDroppable(form: HTMLElement): void {
    const carries = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    let depth = 0;
    const mark = (by: number): void => {
      depth = Math.max(0, depth + by);
      form.classList.toggle("dropping", depth > 0);
    };
    form.addEventListener("dragenter", (event) => {
      if (carries(event)) mark(1);
    });
    form.addEventListener("dragleave", (event) => {
      if (carries(event)) mark(-1);
    });
    form.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
    });
    form.addEventListener("drop", (event) => {
      mark(-depth);
      if (!carries(event)) return;
      event.preventDefault();
      this.#take([...(event.dataTransfer?.files ?? [])]);
    });
  }
}

function draft(): string {
  try {
    return sessionStorage.getItem(DRAFT) ?? "";
  } catch {
    return "";
  }
}

function keepDraft(text: string): void {
  try {
    if (text === "" || text.length > LONGEST_DRAFT) sessionStorage.removeItem(DRAFT);
    else sessionStorage.setItem(DRAFT, text);
  } catch {
    // It stays in the box at least.
  }
}
