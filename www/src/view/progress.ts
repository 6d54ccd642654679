/** How far loading is, file by file, in bytes. */

import type { ProgressEvent } from "tabrank";
import { h, megabytes } from "./dom";

interface Line {
  readonly row: HTMLElement;
  readonly bar: HTMLProgressElement;
  readonly text: HTMLElement;
}

/** The panel that shows what the page waits for. */
export class LoadingPanel {
  readonly #root: HTMLElement;
  readonly #heading = h("p", { class: "loading-what" });
  readonly #list = h("ul");
  readonly #lines = new Map<string, Line>();

  constructor(root: HTMLElement) {
    this.#root = root;
    root.append(this.#heading, this.#list);
  }

  /** Opens the panel with nothing in it yet. */
  begin(what: string): void {
    this.#heading.textContent = what;
    this.#list.replaceChildren();
    this.#lines.clear();
    this.#root.hidden = false;
  }

  /** Says what is going on now that the files are here. */
  say(what: string): void {
    this.#heading.textContent = what;
  }

  /** Takes a file's progress. */
  update(event: ProgressEvent): void {
    if (event.status === "ready") return;
    const { row, bar, text } = this.#line(event.file ?? event.name);
    const { loaded, total } = event;
    if (event.status === "done") {
      bar.max = 1;
      bar.value = 1;
      row.classList.add("done");
      const where = event.source === "cache" ? "kept from last time" : "received";
      text.textContent = total === undefined ? where : `${megabytes(total)}, ${where}, checked`;
      return;
    }
    if (total !== undefined && loaded !== undefined) {
      bar.max = total;
      bar.value = loaded;
      text.textContent = `${megabytes(loaded)} of ${megabytes(total)}`;
    } else if (loaded !== undefined) text.textContent = megabytes(loaded);
    else text.textContent = "asked for";
  }

  /** Closes the panel. */
  end(): void {
    this.#root.hidden = true;
  }

  #line(file: string): Line {
    const known = this.#lines.get(file);
    if (known !== undefined) return known;
    const bar = h("progress", { "aria-label": file });
    const text = h("span", { class: "bytes" });
    const row = h("li", {}, h("span", { class: "file" }, file), bar, text);
    this.#list.append(row);
    const line = { row, bar, text };
    this.#lines.set(file, line);
    return line;
  }
}
