/** Makes a library searchable: vectors of all its passages, with progress and Stop. It goes on while the reader is elsewhere on the page. */

import { indexOf } from "../../embedding";
import { codeOf } from "../../errors";
import type { Libraries } from "../../libraries";
import type { Session } from "../../session";
import { h } from "../../view/dom";
import { about, took } from "../duration";
import { counted, grouped } from "../../numbers";

/** What preparing needs. */
export interface PreparingParts {
  readonly libraries: Libraries;
  readonly session: Session;
  /** Has a sentence read out. */
  readonly say: (sentence: string) => void;
  /** Called when it begins, and when it has ended, however. */
  readonly changed: () => void;
  /** Whether the reader is there to use the library once it is ready. */
  readonly attended: () => boolean;
}

/** A library on its way. */
interface Job {
  readonly id: string;
  readonly name: string;
  readonly end: AbortController;
}

/** One library at a time. */
export class Preparing {
  readonly root = h("div", { class: "preparing", hidden: true });
  readonly #parts: PreparingParts;
  readonly #what = h("p", { class: "what" });
  readonly #bar = h("progress", { "aria-label": "Passages that have vectors" });
  readonly #numbers = h("p", { class: "numbers-line" });
  readonly #stop = h("button", { type: "button", class: "go stop" }, "Stop");
  #job: Job | undefined;

  constructor(parts: PreparingParts) {
    this.#parts = parts;
    this.#stop.addEventListener("click", () => this.stop());
    this.root.append(this.#what, this.#bar, this.#numbers, this.#stop);
  }

  /** Id of the library that is being made searchable. */
  get busyWith(): string | undefined {
    return this.#job?.id;
  }

  /** Stops it. What was done is kept. */
  stop(): void {
    this.#job?.end.abort();
  }

  /** Begins, or goes on from where it was stopped. The library is put into use afterwards, if the reader is there. */
  async start(id: string, name: string): Promise<void> {
    if (this.#job !== undefined) return;
    const job: Job = { id, name, end: new AbortController() };
    this.#job = job;
    const { say, changed } = this.#parts;
    this.#begin(name);
    changed();
    try {
      const said = await this.#run(job);
      say(said);
    } catch (error) {
      say(this.#lament(job, error));
    }
    const focused = this.root.contains(document.activeElement);
    this.#job = undefined;
    this.root.hidden = true;
    changed();
    if (focused) this.root.parentElement?.querySelector<HTMLElement>("h3")?.focus();
  }

  #begin(name: string): void {
    this.#what.textContent = `“${name}” is being made searchable: the bi-encoder turns each passage into a vector.`;
    this.#bar.removeAttribute("value");
    this.#numbers.textContent = "Waiting for the models.";
    this.root.hidden = false;
    this.#parts.say(`“${name}” is being made searchable.`);
    this.#stop.focus();
  }

  async #run({ id, name, end: { signal } }: Job): Promise<string> {
    const { libraries, session, attended } = this.#parts;
    const collection = await libraries.load(id);
    for (;;) {
      const ranker = await session.models(signal);
      const { biEncoder, device } = ranker.info();
      const begun = performance.now();
      let first: number | undefined;
      let quarter = 0;
      const onProgress = (done: number, total: number): void => {
        first ??= done;
        this.#progress(
          done,
          total,
          done > first && done < total ? ((performance.now() - begun) / (done - first)) * (total - done) : undefined,
        );
        // Heard four times, and not a hundred.
        const now = Math.floor((done / total) * 4);
        if (now > quarter && now < 4) this.#parts.say(`${grouped(done)} of ${counted(total, "passage")} are done.`);
        quarter = now;
      };
      try {
        const made = await indexOf(ranker, collection, { signal, onProgress });
        const time = performance.now() - begun;
        // Where the browser computes no hashes, the engine makes the vectors as it takes the library into use.
        const used = attended() || made === undefined;
        if (used) await libraries.use(id, { signal, onProgress });
        const count = collection.corpus.passages.length - (first ?? 0);
        const rate =
          count === 0
            ? ""
            : ` ${counted(count, "passage")} took ${took(time)} (${(count / (time / 1000)).toFixed(1)} a second) by ${biEncoder?.id ?? ""} on ${device}.`;
        return `“${name}” is searchable${used ? " and in use" : ""}.${rate}`;
      } catch (error) {
        // The reader chose other models: these go on.
        if (signal.aborted || codeOf(error) !== "disposed") throw error;
      }
    }
  }

  #progress(done: number, total: number, left: number | undefined): void {
    this.#bar.max = total;
    this.#bar.value = done;
    this.#numbers.textContent = `${grouped(done)} of ${counted(total, "passage")}${left === undefined ? "" : `, ${about(left)} left`}`;
  }

  #lament({ name, end }: Job, error: unknown): string {
    if (end.signal.aborted) return `Stopped. What was done of “${name}” is kept; go on whenever you like.`;
    const reason = error instanceof Error ? error.message : String(error);
    return `“${name}” could not be made searchable: ${reason} What was done is kept; try again from the list.`;
  }
}
