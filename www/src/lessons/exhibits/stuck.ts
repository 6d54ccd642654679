/** One question whose answer is far down the first stage's ranking: inside a large pool, outside a small one. */

import type { Corpus, LabelledQuery } from "../../corpus";
import { LIMITS } from "../../state";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { StuckShowing } from "./stuck/showing";

/** What the exhibit is set to. */
export interface StuckState {
  /** A labelled question, by id. */
  readonly query: string;
  readonly pool: number;
  /** The questions that the lesson proposes, by id. */
  readonly proposed: readonly string[];
}

/** What is computed: all that any pool could hold. */
export interface StuckInput {
  readonly query: string;
  readonly deepest: number;
}

/** A candidate. */
export interface StuckCandidate {
  readonly id: string;
  readonly cosine: number;
  readonly logit: number;
}

/** What is found. */
export interface StuckData {
  /** In the first stage's order. */
  readonly candidates: readonly StuckCandidate[];
}

/** The exhibit. */
export const stuck: Exhibit<StuckState, StuckInput, StuckData> = {
  start(settings: Settings, corpus: Corpus): StuckState {
    const proposed = settings.texts("queries");
    const pool = settings.number("pool", LIMITS.pool);
    settings.end();
    const unknown = proposed.find((id) => labelled(corpus, id) === undefined);
    if (unknown !== undefined) throw new Error(`queries names ${unknown}, which is not a labelled question.`);
    if (!Number.isInteger(pool)) throw new Error(`pool must be a whole number, but it is ${pool}.`);
    return { query: proposed[0] ?? "", pool, proposed };
  },

  restore(start, kept, corpus) {
    const [query, pool] = [kept.get("q") ?? "", Number(kept.get("p") ?? "")];
    const { min, max } = LIMITS.pool;
    return {
      ...start,
      query: labelled(corpus, query) === undefined ? start.query : query,
      pool: Number.isInteger(pool) && pool >= min && pool <= max ? pool : start.pool,
    };
  },

  keep({ query, pool }, start) {
    return { ...(query === start.query ? {} : { q: query }), ...(pool === start.pool ? {} : { p: String(pool) }) };
  },

  input: ({ query }) => ({ query, deepest: LIMITS.pool.max }),

  compute,

  show: (stage: Stage<StuckState>) => new StuckShowing(stage),
};

async function compute(lab: Lab, { query, deepest }: StuckInput, { signal, onProgress, ran }: ComputeOptions): Promise<StuckData> {
  const ranker = await lab.ranker(signal);
  const text = labelled(lab.corpus, query)?.text ?? "";
  const { retrieved, reranked, device } = await ranker.search(text, { pool: deepest, topK: deepest, signal, onProgress });
  ran(device);
  const logits = new Map(reranked.map(({ id, logit }) => [id, logit]));
  // All digits of the logits: their order must be the ranker's.
  return { candidates: retrieved.map(({ id, cosine }) => ({ id, cosine, logit: logits.get(id) ?? 0 })) };
}

/** A labelled question by its id. */
export function labelled(corpus: Corpus, id: string): LabelledQuery | undefined {
  return corpus.queries.find((query) => query.id === id);
}
