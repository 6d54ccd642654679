/** Scores a query's passages: takes what is known, has the rest computed by all workers, and keeps it. */

import { ScoreCache } from "./cache.js";
import type { Crew } from "./crew.js";
import { Job } from "./job.js";
import { deal, roughTokens } from "./parcels.js";
import type { Score } from "./protocol.js";

/** What is to be scored. */
export interface Task {
  query: string;
  passages: readonly string[];
  /** Tokens of the query and each passage together, where they are known. */
  tokens?: readonly number[];
}

/** What accompanies a task. */
export interface TaskOptions {
  signal?: AbortSignal | undefined;
  /** Passages whose scores are there, and all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Scores as they come in, by the passages' positions. */
  onScores?: ((scored: { position: number; score: Score }[]) => void) | undefined;
}

/** The scores of all passages, in their order, and how many of them were computed for it. */
export interface Outcome {
  scores: Score[];
  computed: number;
}

/** Scores with one crew and one cache. */
export class Scorer {
  readonly #crew: Crew;
  readonly #cache: ScoreCache;

  constructor(crew: Crew, cache: ScoreCache) {
    this.#crew = crew;
    this.#cache = cache;
  }

  /** Scores passages. */
  async score(task: Task, { signal, onProgress, onScores }: TaskOptions): Promise<Outcome> {
    const { query, passages } = task;
    const scores = passages.map((passage) => this.#cache.get(query, passage));
    const missing = [...scores.keys()].filter((position) => scores[position] === undefined);
    const known = passages.length - missing.length;
    // An error in a caller's function is the caller's: it must not end the work. The browser reports it.
    const tell = (what: () => void) => queueMicrotask(() => signal?.aborted || what());
    const progress = (done: number) => onProgress && tell(() => onProgress(known + done, passages.length));
    const arrived = (positions: readonly number[]) => {
      const scored = positions.flatMap((position) => {
        const score = scores[position];
        return score ? [{ position, score }] : [];
      });
      if (onScores && scored.length > 0) tell(() => onScores(scored));
    };
    if (known > 0) {
      arrived([...scores.keys()]);
      progress(0);
    }
    if (missing.length > 0) {
      const texts = missing.map((position) => passages[position] ?? "");
      const costs = await this.#costs(task, missing, texts, signal);
      const job = new Job(query, texts, deal(costs, this.#crew.hoped), {
        onProgress: progress,
        onScores: (parcel, found) => {
          parcel.forEach((one, i) => {
            const [position, score] = [missing[one], found[i]];
            if (position === undefined || score === undefined) return;
            scores[position] = score;
            this.#cache.set(query, texts[one] ?? "", score);
          });
          arrived(parcel.map((one) => missing[one] ?? -1));
        },
      });
      await this.#crew.score(job, signal);
    }
    return { scores: scores as Score[], computed: missing.length };
  }

  /** Tokens of each pair. Where there is nothing to share they are needed only roughly, for parcels that aren't too large. */
  async #costs(
    { query, tokens }: Task,
    missing: readonly number[],
    passages: string[],
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    if (tokens) return missing.map((position) => tokens[position] ?? 0);
    if (this.#crew.hoped <= 1 || passages.length === 1) return passages.map((passage) => roughTokens(query, passage));
    return Array.from(await this.#crew.lead.call("tokens", { query, passages }, { signal }));
  }
}
