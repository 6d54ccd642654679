/** From what the reader brings to a library that is kept: reading, the preview, and the first save. */

import { CHUNK_RULE } from "../../library/chunks";
import { counted } from "../../numbers";
import { ShelfError } from "../../library/errors";
import { opening, stem } from "../../library/ids";
import { createLibrary } from "../../library/library";
import type { Reading, Source } from "../../library/read";
import { readFiles } from "../../library/reading";
import type { ColumnChoice } from "../../library/table";
import type { Libraries } from "../../libraries";
import type { Session } from "../../session";
import { h } from "../../view/dom";
import { about } from "../duration";
import { timeFor } from "./estimate";
import { Intake } from "./intake";
import { Preview } from "./preview";

/** What adding needs. */
export interface AddingParts {
  readonly libraries: Libraries;
  readonly session: Session;
  readonly say: (sentence: string) => void;
  /** Shows what went wrong, until the next attempt. */
  readonly lament: (messages: readonly string[]) => void;
  readonly onArchives: (files: readonly File[]) => void;
  /** Called when a library is kept, or was already, and is to be made searchable. */
  readonly onMade: (id: string, name: string) => void;
}

/** Adds libraries, one at a time. */
export class Adding {
  readonly root: HTMLElement;
  readonly #parts: AddingParts;
  readonly #intake: Intake;
  readonly #preview: Preview;
  readonly #reading = h("div", { class: "reading", hidden: true });
  readonly #bar = h("progress", { "aria-label": "Read so far" });
  #sources: readonly Source[] = [];
  #found: Reading | undefined;
  #controller: AbortController | undefined;

  constructor(parts: AddingParts) {
    this.#parts = parts;
    this.#intake = new Intake({
      onText: (text) => void this.#read([...this.#sources.filter(({ content }) => content !== text), { name: null, content: text }], true),
      onFiles: (files) => void this.#read([...this.#sources, ...files.map((file): Source => ({ name: file.name, content: file }))], true),
      onArchives: parts.onArchives,
    });
    this.#preview = new Preview({
      onColumns: (position, columns) => this.#choose(position, columns),
      onMake: (name) => void this.#make(name),
      onDiscard: () => this.#discard(),
    });
    const stop = h("button", { type: "button", class: "go stop" }, "Stop");
    stop.addEventListener("click", () => this.#controller?.abort());
    this.#reading.append(h("p", {}, "Reading."), this.#bar, stop);
    this.root = h("div", { class: "adding" }, this.#intake.root, this.#reading, this.#preview.root);
  }

  /** Reads the sources anew; what was found before stays if it is stopped. */
  async #read(sources: readonly Source[], asked: boolean): Promise<void> {
    const { say, lament } = this.#parts;
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    const { signal } = controller;
    lament([]);
    this.#bar.removeAttribute("value");
    this.#reading.hidden = false;
    try {
      const found = await readFiles(sources, {
        signal,
        onProgress: (done, total) => {
          this.#bar.max = total;
          this.#bar.value = done;
        },
      });
      if (this.#controller !== controller) return;
      // What could not be read is said, and not tried again with the next file.
      const failed = new Set(found.failures.map(({ file }) => file));
      this.#sources = found.failures.length === 0 ? sources : sources.filter(({ name }) => !failed.has(name ?? "Pasted text"));
      this.#found = found;
      this.#preview.show(sources, found);
      this.#preview.propose(nameOf(sources, found));
      say(
        `Found ${counted(found.passages.length, "passage")}.${found.failures.length === 0 ? "" : ` ${counted(found.failures.length, "file")} could not be read.`}`,
      );
      if (asked) this.#preview.focus();
      void this.#estimate(found, signal);
    } catch (error) {
      if (this.#controller !== controller) return;
      if (signal.aborted) say("Stopped. Nothing of it was kept.");
      else lament([messageOf(error)]);
    } finally {
      if (this.#controller === controller) this.#reading.hidden = true;
    }
  }

  #choose(position: number, columns: ColumnChoice): void {
    const sources = this.#sources.map((source, n) => (n === position ? { ...source, columns } : source));
    void this.#read(sources, false);
  }

  async #estimate({ passages }: Reading, signal: AbortSignal): Promise<void> {
    if (passages.length === 0) return;
    this.#preview.time = "How long that takes will be measured as soon as the models are here.";
    try {
      const ranker = await this.#parts.session.models(signal);
      const time = await timeFor(ranker, passages, signal);
      if (signal.aborted) return;
      const { biEncoder } = ranker.info();
      this.#preview.time = `Making it searchable will take ${about(time)} with ${biEncoder?.id ?? "the bi-encoder"}, going by some of the passages, measured just now. You can stop it and go on later.`;
    } catch {
      if (!signal.aborted) this.#preview.time = "How long that takes can’t be said, as there are no models just now.";
    }
  }

  async #make(name: string): Promise<void> {
    const found = this.#found;
    if (found === undefined || found.passages.length === 0) return;
    const { libraries, say, lament, onMade } = this.#parts;
    const record = await createLibrary({ name, rule: CHUNK_RULE, passages: found.passages });
    try {
      const shelf = await libraries.shelf();
      if (await shelf.has(record.id)) say(`You have “${record.name}” with these passages already; it stays with its labels.`);
      else await shelf.save(record);
    } catch (error) {
      lament([messageOf(error)]);
      // It is in memory, and works until the page is closed.
      if (!(error instanceof ShelfError)) return;
    }
    this.#intake.clear();
    this.#clear();
    onMade(record.id, record.name);
  }

  #discard(): void {
    this.#clear();
    this.#parts.lament([]);
    this.#parts.say("Discarded.");
    this.#intake.focus();
  }

  #clear(): void {
    this.#controller?.abort();
    this.#controller = undefined;
    this.#sources = [];
    this.#found = undefined;
    this.#reading.hidden = true;
    this.#preview.clear();
  }
}

/** A name for the library, by its only file or by what was pasted. */
function nameOf(sources: readonly Source[], { passages, files }: Reading): string {
  const [first] = files;
  if (first === undefined) return "";
  const source = sources.find(({ name }) => (name ?? "Pasted text") === first.file);
  const [passage] = passages;
  const name = source?.name == null ? opening(passage?.shelf ?? "") : stem(first.file);
  return files.length === 1 ? name : `${name} and ${counted(files.length - 1, "more file")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
