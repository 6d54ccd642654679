/** What all exhibits have in common: the recorded run at first and the live one after it, Stop and Run, the mark, the address. */

import { h, prefersStillness } from "../view/dom";
import type { AnyExhibit, Run, Showing } from "./exhibit";
import { EXHIBITS } from "./exhibits";
import type { Lab } from "./lab";
import type { ExhibitEntry } from "./lesson";
import { markText, type Progress } from "./mark";
import { same, type Recorded } from "./recorded";
import { Settings } from "./settings";

/** What a frame stands between. */
export interface FrameParts {
  /** The exhibit's place in the text. */
  readonly figure: HTMLElement;
  readonly lesson: string;
  /** The exhibit's number in the lesson, from 1. */
  readonly number: number;
  readonly entry: ExhibitEntry;
  readonly lab: Promise<Lab>;
  /** What the address has kept for this exhibit, by key. */
  readonly kept: ReadonlyMap<string, string>;
  /** Keeps this in the address from now on. */
  readonly keep: (kept: Readonly<Record<string, string>>) => void;
  /** Calls the function when other models are on their way; gives the function that ends this. */
  readonly watch: (onOpening: () => void) => () => void;
  /** Opens the models afresh, if they are of no use any more after this error; says whether it does. */
  readonly recover: (error: unknown) => boolean;
}

/** An exhibit once its code and the library are there. */
interface Live {
  readonly exhibit: AnyExhibit;
  readonly lab: Lab;
  readonly start: unknown;
  readonly showing: Showing<unknown, unknown, unknown>;
}

/** The frame of one exhibit. */
export class Frame {
  readonly #parts: FrameParts;
  readonly #stage = h("div", { class: "stage" });
  readonly #mark = h("span", { role: "status" });
  readonly #steps = h("span", { class: "steps" });
  readonly #run = h("button", { type: "button", class: "plain", hidden: true });
  readonly #stop = h("button", { type: "button", class: "plain", hidden: true }, "Stop");
  readonly #unwatch: () => void;
  #kept: ReadonlyMap<string, string>;
  #live: Live | undefined;
  #state: unknown;
  #shown: Run<unknown, unknown> | undefined;
  #recorded: Recorded | undefined;
  #controller: AbortController | undefined;
  #progress: Progress = { kind: "idle" };
  /** What is being computed. */
  #running: { readonly input: unknown } | undefined;
  /** What went wrong with the last run. */
  #error: unknown;
  /** What the mark says of the live run that is shown. */
  #done: Progress | undefined;
  /** Whether the models have changed since the last run. */
  #outdated = false;
  /** Whether the reader is elsewhere. */
  #resting = false;

  constructor(parts: FrameParts) {
    const { figure, number, entry } = parts;
    this.#parts = parts;
    this.#kept = parts.kept;
    const caption = h("figcaption", { id: `x${number}-title` }, entry.title);
    const mark = h("p", { class: "mark" }, this.#mark, this.#steps, h("span", { class: "controls" }, this.#run, this.#stop));
    const [wide, narrow] = EXHIBITS[entry.kind]?.room ?? [0, 0];
    figure.style.setProperty("--room-wide", `${wide}rem`);
    figure.style.setProperty("--room-narrow", `${narrow}rem`);
    figure.setAttribute("aria-labelledby", caption.id);
    figure.replaceChildren(caption, this.#stage, mark);
    this.#run.addEventListener("click", () => {
      if (this.#error === undefined || !this.#parts.recover(this.#error)) void this.#compute(true);
    });
    this.#stop.addEventListener("click", () => this.#controller?.abort());
    this.#unwatch = parts.watch(() => {
      this.#outdated = true;
      if (!this.#resting) this.#refresh();
    });
    this.#say({ kind: "waiting" });
    void this.#begin();
  }

  /** Takes the state that the address has now, and computes what was left. Says whether the state is another one. */
  restore(kept: ReadonlyMap<string, string>): boolean {
    this.#kept = kept;
    this.#resting = false;
    if (this.#live === undefined) return false;
    const { exhibit, start, lab } = this.#live;
    const before = this.#state;
    this.#state = exhibit.restore(start, kept, lab.corpus);
    this.#refresh();
    return !same(before, this.#state);
  }

  /** Scrolls so far that the exhibit's beginning can be seen. */
  reveal(): void {
    const { figure } = this.#parts;
    const { top, bottom } = figure.getBoundingClientRect();
    if (top >= 0 && bottom <= innerHeight) return;
    figure.scrollIntoView({ block: "start", behavior: prefersStillness() ? "instant" : "smooth" });
  }

  /** Stops computing, as the reader has gone elsewhere. */
  rest(): void {
    this.#resting = true;
    this.#controller?.abort();
  }

  /** Ends this for good. */
  end(): void {
    this.rest();
    this.#unwatch();
  }

  async #begin(): Promise<void> {
    const { entry, lesson, number } = this.#parts;
    try {
      const kind = EXHIBITS[entry.kind];
      if (kind === undefined) throw new Error(`There is no exhibit of the kind ${entry.kind}.`);
      const [exhibit, lab] = await Promise.all([kind.load(), this.#parts.lab]);
      const start = exhibit.start(new Settings(entry.settings), lab.corpus);
      // A recorded run is a help and no more: without it, the live one is waited for.
      this.#recorded = await lab.recorded(lesson, number).catch(() => undefined);
      const showing = exhibit.show({
        root: this.#stage,
        corpus: lab.corpus,
        title: entry.title,
        prefix: `x${number}`,
        change: (state) => this.#change(state),
      });
      this.#live = { exhibit, lab, start, showing };
      this.#state = exhibit.restore(start, this.#kept, lab.corpus);
    } catch (error) {
      this.#stage.replaceChildren(h("p", {}, `This exhibit can’t be shown: ${messageOf(error)}`));
      return;
    }
    const { exhibit, showing } = this.#live;
    if (this.#recorded !== undefined && same(this.#recorded.input, exhibit.input(this.#state))) {
      const { input, data } = this.#recorded;
      this.#shown = { input, data, origin: "recorded", stale: false };
    }
    showing.draw(this.#state, this.#shown);
    if (this.#shown !== undefined) this.#parts.figure.classList.add("drawn");
    void this.#compute();
  }

  #change(state: unknown): void {
    if (this.#live === undefined) return;
    const { exhibit, start } = this.#live;
    this.#state = state;
    this.#parts.keep(exhibit.keep(state, start));
    this.#refresh();
  }

  /** Draws the state, and computes if what is shown is something else. */
  #refresh(): void {
    if (this.#live === undefined) return;
    const { exhibit, showing } = this.#live;
    const input = exhibit.input(this.#state);
    const shown = this.#shown;
    const fresh = shown !== undefined && same(shown.input, input);
    if (!fresh && this.#recorded !== undefined && same(this.#recorded.input, input)) {
      this.#shown = { input, data: this.#recorded.data, origin: "recorded", stale: false };
    } else if (shown !== undefined) this.#shown = { ...shown, stale: !fresh || (this.#outdated && shown.origin === "live") };
    showing.draw(this.#state, this.#shown);
    // Another view of what is just being computed is no reason to begin anew.
    if (this.#running !== undefined && same(this.#running.input, input)) return;
    if (this.#shown?.origin !== "live" || this.#shown.stale) void this.#compute();
    else {
      // What was asked for in between isn't wanted any more.
      this.#controller?.abort();
      this.#controller = undefined;
      this.#running = undefined;
      if (this.#done !== undefined) this.#say(this.#done);
    }
  }

  /** Computes what is asked for; whatever was going on is dropped. */
  async #compute(asked = false): Promise<void> {
    if (this.#live === undefined) return;
    const { exhibit, lab } = this.#live;
    this.#controller?.abort();
    this.#running = undefined;
    const controller = new AbortController();
    this.#controller = controller;
    const { signal } = controller;
    const current = (): boolean => this.#controller === controller;
    const input = exhibit.input(this.#state);
    this.#error = undefined;
    this.#outdated = false;
    if (input === undefined) return this.#say({ kind: "idle" });
    if (exhibit.effort !== undefined && !asked) return this.#say({ kind: "offered" });
    try {
      this.#say({ kind: "waiting" });
      const ranker = await lab.ranker(signal).catch((error: unknown) => {
        if (current() && !signal.aborted) this.#say({ kind: "unloaded", reason: messageOf(error) });
        throw error;
      });
      this.#say({ kind: "computing" });
      this.#running = { input };
      const begun = performance.now();
      let { device } = ranker.info();
      const data = await exhibit.compute(lab, input, {
        signal,
        ran: (name) => (device = name),
        onProgress: (done, total) => {
          if (current()) this.#steps.textContent = ` ${done} of ${total}.`;
        },
      });
      if (!current() || signal.aborted) return;
      const seconds = (performance.now() - begun) / 1000;
      this.#shown = { input, data, origin: "live", stale: false };
      this.#live.showing.draw(this.#state, this.#shown);
      this.#parts.figure.classList.add("drawn");
      this.#done = { kind: "done", seconds, device };
      this.#say(this.#done);
    } catch (error) {
      if (!current()) return;
      if (signal.aborted) return this.#say({ kind: "stopped" });
      if (this.#progress.kind === "unloaded") return;
      this.#error = error;
      this.#say({ kind: "failed", reason: messageOf(error) });
    } finally {
      if (current()) this.#running = undefined;
    }
  }

  #say(progress: Progress): void {
    this.#progress = progress;
    const { kind } = progress;
    const recorded = this.#shown?.origin === "recorded" && !this.#shown.stale ? this.#recorded : undefined;
    this.#mark.textContent = markText(progress, recorded, this.#shown !== undefined);
    this.#steps.textContent = "";
    const { figure } = this.#parts;
    figure.dataset["progress"] = kind;
    figure.setAttribute("aria-busy", String(kind === "computing" || (kind === "waiting" && recorded === undefined)));
    this.#stop.hidden = kind !== "computing";
    this.#run.hidden = !["offered", "stopped", "failed"].includes(kind);
    const { effort } = this.#live?.exhibit ?? {};
    this.#run.textContent = kind === "failed" ? "Try again" : `Run it here${effort === undefined ? "" : ` (${effort})`}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
