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
  readonly #stop = h("button", { type: "button", class: "plain", hidden: true }, "Stop reading it");
  readonly #list = h("ul");
  readonly #lines = new Map<string, Line>();
  /** What has been told of each file since the last frame; hundreds of events may come in a second. */
  readonly #news = new Map<string, ProgressEvent>();
  #frame: number | undefined;

  /** `onStop` is called when the reader doesn't want to wait for what can be stopped. */
  constructor(root: HTMLElement, onStop: () => void) {
    this.#root = root;
    this.#stop.addEventListener("click", onStop);
    root.append(this.#heading, this.#stop, this.#list);
  }

  /** Opens the panel with nothing in it yet. */
  begin(what: string): void {
    this.#heading.textContent = what;
    this.#list.replaceChildren();
    this.#lines.clear();
    this.#news.clear();
    this.#stop.hidden = true;
    this.#root.hidden = false;
  }

  /** Says what is going on now that the files are here, and whether that can be stopped. */
  say(what: string, stoppable = false): void {
    this.#heading.textContent = what;
    this.#stop.hidden = !stoppable;
  }

  /** Takes a file's progress, to be shown with the next frame. */
  update(event: ProgressEvent): void {
    if (event.status === "ready") return;
    this.#news.set(event.file ?? event.name, event);
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      for (const [file, latest] of this.#news) this.#show(file, latest);
      this.#news.clear();
    });
  }

  #show(file: string, event: ProgressEvent): void {
    const { row, bar, text } = this.#line(file);
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
