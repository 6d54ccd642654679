/** Labels into files and out of them: two rows of buttons. */

import type { LabelledQuery } from "../../corpus";
import { slug } from "../../library/ids";
import { h } from "../../view/dom";
import { save } from "../saving";
import type { Source } from "../source";
import { LABEL_FORMATS, LARGEST_LABELS, labelsText, merged, readLabels, type LabelFormat } from "./labels-file";
import { counted } from "../../numbers";

const TYPES: Readonly<Record<LabelFormat, string>> = { csv: "text/csv", json: "application/json", jsonl: "application/jsonl" };

/** What the buttons need. */
export interface LabelFilesParts {
  readonly source: () => Source;
  /** Changes the labels of the library in use. */
  readonly change: (change: (queries: readonly LabelledQuery[]) => readonly LabelledQuery[]) => Promise<void>;
  readonly say: (sentence: string) => void;
}

/** The buttons. */
export class LabelFiles {
  readonly root: HTMLElement;
  readonly #parts: LabelFilesParts;
  readonly #input = h("input", { type: "file", accept: ".jsonl,.ndjson,.json", id: "bench-labels-file", class: "unseen", tabindex: -1 });
  readonly #pick = h("button", { type: "button", class: "plain" }, "Import labels (JSON Lines)");
  readonly #exports: readonly HTMLButtonElement[];
  readonly #note = h("p", { class: "note", role: "status" });

  constructor(parts: LabelFilesParts) {
    this.#parts = parts;
    this.#input.setAttribute("aria-label", "File with labels");
    this.#pick.addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => {
      const [file] = this.#input.files ?? [];
      // The same file may be picked again, once it is mended.
      if (file !== undefined) void this.#import(file).finally(() => (this.#input.value = ""));
    });
    this.#exports = (Object.keys(LABEL_FORMATS) as LabelFormat[]).map((format) => {
      const button = h("button", { type: "button", class: "plain" }, `Save as ${LABEL_FORMATS[format]}`);
      button.addEventListener("click", () => this.#export(format));
      return button;
    });
    this.root = h("div", {}, h("p", { class: "controls label-files" }, this.#pick, this.#input, ...this.#exports), this.#note);
  }

  /** Shows what can be done now. */
  refresh(): void {
    const { editable, corpus } = this.#parts.source();
    this.#pick.hidden = !editable;
    for (const button of this.#exports) button.hidden = corpus.queries.length === 0;
  }

  /** Forgets what was said. */
  clear(): void {
    this.#note.textContent = "";
  }

  async #import(file: File): Promise<void> {
    this.#note.textContent = "";
    try {
      if (file.size > LARGEST_LABELS) throw new Error(`${file.name} has more than ${LARGEST_LABELS / 1e6} MB; a file of labels is far smaller.`);
      const { corpus } = this.#parts.source();
      const bytes = await file.arrayBuffer().catch((cause: unknown) => {
        throw new Error(`${file.name} could not be read. Pick it again.`, { cause });
      });
      const { queries, strange, emptied } = await readLabels(file.name, new Uint8Array(bytes), corpus.passages);
      if (queries.length === 0) throw new Error(`${file.name} labels no passage of this library: ${counted(strange, "label")} of passages that it doesn’t have. Is it of another library?`);
      await this.#parts.change((before) => merged(before, queries));
      const left = strange === 0 ? "" : ` ${counted(strange, "label")} of passages that this library doesn’t have ${strange === 1 ? "was" : "were"} left out${emptied === 0 ? "" : `, and with them ${counted(emptied, "question")}`}.`;
      this.#note.textContent = `${counted(queries.length, "question")} taken from ${file.name}.${left}`;
    } catch (error) {
      this.#note.textContent = `The labels were not imported: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #export(format: LabelFormat): void {
    const { id, corpus } = this.#parts.source();
    save(new Blob([labelsText(corpus.queries, format, corpus.title)], { type: TYPES[format] }), `${slug(id ?? "tabrank", "library")}-queries.${format}`);
    this.#parts.say(`The labels are saved as ${LABEL_FORMATS[format]}.`);
  }
}
