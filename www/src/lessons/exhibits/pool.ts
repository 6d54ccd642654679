/** The pool from 1 to 50: what is in it, what the cross-encoder makes of it, and what that takes, for all labelled questions. */

import { denseRankings, scorePools } from "../../measuring/runs";
import { LIMITS } from "../../state";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { GROUP_KEYS, measurePools, METRIC_KEYS, type GroupKey, type MetricKey, type PoolCurves } from "./pool/curves";
import { PoolShowing } from "./pool/showing";
import { timeSearches, TIMED_QUESTIONS, type Latency } from "./pool/timing";

/** What the exhibit is set to. */
export interface PoolState {
  readonly pool: number;
  readonly group: GroupKey;
  readonly metric: MetricKey;
}

/** What is computed: every pool up to this one. */
export interface PoolInput {
  readonly deepest: number;
}

/** What is found. */
export interface PoolData {
  /** For each group of questions, a value for each pool from 1. */
  readonly groups: Readonly<Record<GroupKey, PoolCurves>>;
  /** How long whole searches took at some pools. */
  readonly latency: readonly Latency[];
}

/** The exhibit. */
export const pool: Exhibit<PoolState, PoolInput, PoolData> = {
  start(settings: Settings): PoolState {
    const first = settings.number("pool", LIMITS.pool);
    settings.end();
    if (!Number.isInteger(first)) throw new Error(`pool must be a whole number, but it is ${first}.`);
    return { pool: first, group: "all", metric: "ndcg@10" };
  },

  restore(start, kept) {
    const asked = Number(kept.get("p") ?? "");
    const { min, max } = LIMITS.pool;
    return {
      pool: Number.isInteger(asked) && asked >= min && asked <= max ? asked : start.pool,
      group: GROUP_KEYS.find((group) => group === kept.get("g")) ?? start.group,
      metric: METRIC_KEYS.find((metric) => metric === kept.get("m")) ?? start.metric,
    };
  },

  keep(state, start) {
    return {
      ...(state.pool === start.pool ? {} : { p: String(state.pool) }),
      ...(state.group === start.group ? {} : { g: state.group }),
      ...(state.metric === start.metric ? {} : { m: state.metric }),
    };
  },

  input: () => ({ deepest: LIMITS.pool.max }),

  compute,

  show: (stage: Stage<PoolState>) => new PoolShowing(stage),

  effort: "some minutes",
};

async function compute(lab: Lab, { deepest }: PoolInput, { signal, onProgress, ran }: ComputeOptions): Promise<PoolData> {
  const ranker = await lab.ranker(signal);
  const evaluator = await lab.evaluator(signal);
  const labelled = lab.corpus;
  const questions = labelled.queries.length;
  const total = 2 * questions + Math.min(TIMED_QUESTIONS, questions) + deepest;
  const rankings = await denseRankings(ranker, labelled, deepest, { signal, onProgress: (done) => onProgress(done, total) });
  const pools = rankings.map(({ documents }) => documents);
  const logits = await scorePools(ranker, labelled, pools, {
    signal,
    onProgress: (done) => onProgress(questions + done, total),
    onAnswer: ({ device }) => device !== undefined && ran(device),
  });
  const latency = await timeSearches(ranker, labelled, deepest, { signal, onProgress: (done) => onProgress(2 * questions + done, total) });
  const groups = await measurePools(evaluator, { labelled, pools, logits, deepest }, { signal, onProgress: (done) => onProgress(total - deepest + done, total) });
  return { groups, latency };
}
