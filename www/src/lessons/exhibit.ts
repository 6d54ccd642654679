/**
 * What an exhibit is: a drawing in a lesson of something that the models computed just now, and that the reader can change.
 *
 * Computing and drawing are apart: `compute` knows nothing of the page and gives plain JSON, so that the same run can be recorded in Node.
 * The frame (frame.ts) does what all exhibits have in common: it keeps the state in the address, shows the recorded run until there is a
 * live one, runs, stops, says what was computed where, and shows what went wrong.
 */

import type { Corpus } from "../corpus";
import type { Lab } from "./lab";
import type { Settings } from "./settings";

/** What `compute` is told besides its input. */
export interface ComputeOptions {
  readonly signal: AbortSignal;
  /** How much is done, in steps of the exhibit's own. */
  readonly onProgress: (done: number, total: number) => void;
  /** What has computed, from an answer of the ranker; said below the drawing. */
  readonly ran: (device: string) => void;
}

/** A finished run. */
export interface Run<I, D> {
  /** What was computed. */
  readonly input: I;
  /** What came of it. */
  readonly data: D;
  /** Made beforehand, or in this tab. */
  readonly origin: "recorded" | "live";
  /** Whether the reader has asked for something else since; the answer is on its way. */
  readonly stale: boolean;
}

/** Where an exhibit is shown. */
export interface Stage<S> {
  /** Empty, and the exhibit's own. */
  readonly root: HTMLElement;
  readonly corpus: Corpus;
  /** The lesson's title of the exhibit, for labels of drawings. */
  readonly title: string;
  /** A prefix for ids, of this exhibit alone. */
  readonly prefix: string;
  /** To be called when the reader has changed something: keeps it in the address, draws, and computes if the input is another. */
  change(state: S): void;
}

/** An exhibit that is being shown. */
export interface Showing<S, I, D> {
  /** Draws a state, and the last run if there is one. Called at first, after every change of state, and with every run. */
  draw(state: S, run: Run<I, D> | undefined): void;
}

/**
 * A kind of exhibit. `S` is what it is set to, `I` the part of that which has to be computed anew when it changes, `D` what is found:
 * all of it plain JSON. What an exhibit draws of a run, it draws by the run's own input, which may be older than the state.
 */
export interface Exhibit<S, I, D> {
  /** The state that the lesson asks for. Settings that are of no use throw, naming what is wrong. */
  start(settings: Settings, corpus: Corpus): S;
  /** The state that an address asks for: `kept` holds what `keep` made, by key, but may hold anything. Never throws. */
  restore(start: S, kept: ReadonlyMap<string, string>, corpus: Corpus): S;
  /** What of a state goes into the address, by short key; what is as at the start stays out. */
  keep(state: S, start: S): Readonly<Record<string, string>>;
  /** What is computed for a state; undefined where there is nothing to compute, as for an empty question. */
  input(state: S): I | undefined;
  /** Computes; no page, no DOM. What it gives must survive JSON. */
  compute(lab: Lab, input: I, options: ComputeOptions): Promise<D>;
  /** Puts drawing and controls on the stage. Controls are inside elements of the class "controls", which printing leaves out. */
  show(stage: Stage<S>): Showing<S, I, D>;
  /** Of an exhibit too long to run by itself: what pressing "Run it here" costs, in words ("about a minute"). */
  readonly effort?: string;
}

/** An exhibit of whatever kind. */
export type AnyExhibit = Exhibit<unknown, unknown, unknown>;
