/** The scoring of one query's passages, while several workers are at it. */

import type { Parcel } from "./parcels.js";
import type { Score } from "./protocol.js";

/** Called as scores come in. */
export interface JobListener {
  /** Passages read so far; never fewer than before. */
  onProgress(done: number): void;
  /** The scores of these passages, by their positions. */
  onScores(positions: Parcel, scores: readonly Score[]): void;
}

/** Parcels that wait, parcels that are being computed, and the scores of those that are done. */
export class Job {
  readonly query: string;
  /** Whether nothing is to be used that is known of texts scored before. */
  readonly afresh: boolean;
  /** All scores, once each is there; rejects if the job fails. */
  readonly outcome: Promise<Score[]>;
  readonly #passages: readonly string[];
  readonly #listener: JobListener;
  readonly #scores: Score[] = [];
  /** What to do instead if the GPU, which is to do all of it at once, fails. */
  #otherwise: readonly Parcel[] | undefined;
  readonly #under = new Map<Parcel, { done: number; abort(): void }>();
  #waiting: Parcel[];
  #finished = 0;
  #told = 0;
  #succeed!: (scores: Score[]) => void;
  #fail!: (error: unknown) => void;

  /** There must be a parcel, and each passage in exactly one. With `onGpu` the parcels are for the case that the GPU fails. */
  constructor(
    query: string,
    passages: readonly string[],
    parcels: readonly Parcel[],
    listener: JobListener,
    { onGpu = false, afresh = false } = {},
  ) {
    this.query = query;
    this.afresh = afresh;
    this.#passages = passages;
    this.#waiting = onGpu ? [[...passages.keys()]] : [...parcels];
    if (onGpu) this.#otherwise = parcels;
    this.#listener = listener;
    this.outcome = new Promise((succeed, fail) => {
      this.#succeed = succeed;
      this.#fail = fail;
    });
  }

  /** Whether it is for the GPU. */
  get onGpu(): boolean {
    return this.#otherwise !== undefined;
  }

  /** The GPU failed: all of it is for the CPU, so that no ranking mixes the two. */
  toCpu(): void {
    this.#under.clear();
    this.#waiting = [...(this.#otherwise ?? this.#waiting)];
    this.#otherwise = undefined;
  }

  /** Parcels that nobody has taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes the next parcel. */
  take(): Parcel | undefined {
    return this.#waiting.shift();
  }

  /** The passages of a parcel. */
  passagesOf(parcel: Parcel): string[] {
    return parcel.map((position) => this.#passages[position] ?? "");
  }

  /** A worker has begun with a parcel; `abort` stops it. */
  begin(parcel: Parcel, abort: () => void): void {
    this.#under.set(parcel, { done: 0, abort });
  }

  /** A worker has read so many passages of a parcel. */
  progress(parcel: Parcel, done: number): void {
    const under = this.#under.get(parcel);
    if (!under) return;
    under.done = done;
    this.#tell();
  }

  /** A parcel is done. */
  finish(parcel: Parcel, scores: readonly Score[]): void {
    if (!this.#under.delete(parcel)) return;
    this.#finished += parcel.length;
    parcel.forEach((position, i) => {
      const score = scores[i];
      if (score) this.#scores[position] = score;
    });
    this.#listener.onScores(parcel, scores);
    this.#tell();
    if (this.#finished === this.#passages.length) this.#succeed(this.#scores);
  }

  /** A parcel's worker was lost: the next one takes it, before all others, as it is late already. */
  putBack(parcel: Parcel): void {
    if (this.#under.delete(parcel)) this.#waiting.unshift(parcel);
  }

  /** The job can't be done. */
  fail(error: unknown): void {
    this.#fail(error);
  }

  /** Nobody wants the rest any more: nothing waits, and what is being computed is stopped. */
  withdraw(): void {
    this.#waiting = [];
    const under = [...this.#under.values()];
    this.#under.clear();
    for (const { abort } of under) abort();
  }

  #tell(): void {
    let done = this.#finished;
    for (const parcel of this.#under.values()) done += parcel.done;
    // A lost worker's parcel begins again; the caller needn't see that.
    if (done <= this.#told) return;
    this.#told = done;
    this.#listener.onProgress(done);
  }
}
