/** Four first stages on all labelled questions: what each pool of each holds, and what comes out after reranking. */

import type { Comparison } from "tabrank/evaluate";
import { firstStages, fusable, type FirstStage } from "../../measuring/first-stages";
import { scorePools } from "../../measuring/runs";
import { LIMITS } from "../../state";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { GROUP_KEYS, type GroupKey } from "./pool/curves";
import { measureStages, type StageCurves } from "./retrievers/curves";
import { RetrieversShowing } from "./retrievers/showing";

/** What the exhibit is set to. */
export interface RetrieversState {
  /** The pool whose recall is compared. */
  readonly pool: number;
  readonly group: GroupKey;
  /** How many candidates are reranked. */
  readonly reranked: number;
}

/** What is computed. */
export interface RetrieversInput {
  readonly deepest: number;
  readonly reranked: number;
}

/** A comparison, in short. */
export type Difference = Pick<Comparison, "difference" | "verdict">;

/** What is found. */
export type RetrieversData = Readonly<Record<GroupKey, { readonly n: number; readonly stages: Readonly<Record<FirstStage, StageCurves>> }>>;

/** The exhibit. */
export const retrievers: Exhibit<RetrieversState, RetrieversInput, RetrieversData> = {
  start(settings: Settings): RetrieversState {
    const [pool, reranked] = [settings.number("pool", LIMITS.pool), settings.number("reranked", LIMITS.pool)];
    settings.end();
    if (!Number.isInteger(pool) || !Number.isInteger(reranked)) throw new Error("pool and reranked must be whole numbers.");
    return { pool, group: "all", reranked };
  },

  restore(start, kept) {
    const asked = Number(kept.get("p") ?? "");
    const { min, max } = LIMITS.pool;
    return {
      ...start,
      pool: Number.isInteger(asked) && asked >= min && asked <= max ? asked : start.pool,
      group: GROUP_KEYS.find((group) => group === kept.get("g")) ?? start.group,
    };
  },

  keep({ pool, group }, start) {
    return { ...(pool === start.pool ? {} : { p: String(pool) }), ...(group === start.group ? {} : { g: group }) };
  },

  input: ({ reranked }) => ({ deepest: LIMITS.pool.max, reranked }),

  compute,

  show: (stage: Stage<RetrieversState>) => new RetrieversShowing(stage),

  effort: "some minutes",
};

async function compute(lab: Lab, { deepest, reranked }: RetrieversInput, { signal, onProgress, ran }: ComputeOptions): Promise<RetrieversData> {
  const ranker = await lab.ranker(signal);
  const evaluator = await lab.evaluator(signal);
  const labelled = lab.corpus;
  const questions = labelled.queries.length;
  const total = 2 * questions + deepest;
  const rankings = await firstStages(evaluator, await fusable(ranker, evaluator, labelled, { signal, onProgress: (done) => onProgress(done, total) }), deepest);
  // Many candidates are in several pools; each is read once.
  const union = labelled.queries.map((_, i) => [...new Set(Object.values(rankings).flatMap((stage) => (stage[i] ?? []).slice(0, reranked)))]);
  const logits = await scorePools(ranker, labelled, union, {
    signal,
    onProgress: (done) => onProgress(questions + done, total),
    onAnswer: ({ device }) => device !== undefined && ran(device),
  });
  return measureStages(evaluator, { labelled, rankings, logits, deepest, reranked }, { signal, onProgress: (done) => onProgress(2 * questions + done, total) });
}
