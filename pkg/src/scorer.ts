/** Scores a query's passages: takes what is known, has the rest computed by all workers, each text once, and keeps it. */

import { ScoreCache } from "./cache.js";
import type { Crew } from "./crew.js";
import { Job, type JobListener } from "./job.js";
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

/** The scores of all passages, in their order, how many of them were computed for it, and whether the GPU did it. */
export interface Outcome {
  scores: Score[];
  computed: number;
  onGpu: boolean;
}

/** Positions of passages with one and the same text. */
type Alike = readonly [number, ...number[]];

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
    const missing = alike(passages, [...scores.keys()].filter((position) => scores[position] === undefined));
    let known = scores.filter((score) => score !== undefined).length;
    let read = 0;
    let onGpu = false;
    // An error in a caller's function is the caller's: it must not end the work. The browser reports it.
    const tell = (what: () => void) => queueMicrotask(() => signal?.aborted || what());
    const progress = () => {
      const done = known + read;
      if (onProgress) tell(() => onProgress(done, passages.length));
    };
    const arrived = (positions: readonly number[]) => {
      const scored = positions.flatMap((position) => {
        const score = scores[position];
        return score ? [{ position, score }] : [];
      });
      if (onScores && scored.length > 0) tell(() => onScores(scored));
    };
    if (known > 0) {
      arrived([...scores.keys()]);
      progress();
    }
    if (missing.length > 0) {
      const texts = missing.map(([first]) => passages[first] ?? "");
      const costs = await this.#costs(task, missing, texts, signal);
      onGpu = this.#crew.onGpu(costs.reduce((sum, cost) => sum + cost, 0));
      const listener: JobListener = {
        onProgress: (done) => {
          read = done;
          progress();
        },
        onScores: (parcel, found) => {
          const before = known;
          parcel.forEach((one, i) => {
            const [positions, score] = [missing[one], found[i]];
            if (positions === undefined || score === undefined) return;
            for (const position of positions) scores[position] = score;
            known += positions.length - 1;
            this.#cache.set(query, texts[one] ?? "", score);
          });
          arrived(parcel.flatMap((one) => missing[one] ?? []));
          // Of the copies, the job knows nothing.
          if (known > before) progress();
        },
      };
      const job = new Job(query, texts, deal(costs, this.#crew.hoped), listener, { onGpu, afresh: this.#cache.off });
      await this.#crew.score(job, signal);
      // What else it said isn't to be relied on.
      if (onGpu && !job.onGpu) this.#cache.clear();
      onGpu = job.onGpu;
    }
    return { scores: scores as Score[], computed: missing.length, onGpu };
  }

  /** Tokens of each pair. Where there is nothing to share they are needed only roughly, for parcels that aren't too large. */
  async #costs(
    { query, tokens }: Task,
    missing: readonly Alike[],
    passages: string[],
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    if (tokens) return missing.map(([first]) => tokens[first] ?? 0);
    if (this.#crew.hoped <= 1 || passages.length === 1) return passages.map((passage) => roughTokens(query, passage));
    return Array.from(await this.#crew.lead.call("tokens", { query, passages }, { signal }));
  }
}

/** Positions by what is there, in the order in which each text comes first. */
function alike(passages: readonly string[], positions: readonly number[]): Alike[] {
  const groups = new Map<string | undefined, [number, ...number[]]>();
  for (const position of positions) {
    const group = groups.get(passages[position]);
    if (group) group.push(position);
    else groups.set(passages[position], [position]);
  }
  return [...groups.values()];
}
