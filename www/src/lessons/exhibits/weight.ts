/** The weight of the cosines against BM25: what each gives, and which one the labels teach. */

import { firstStages, fusable, plainWeight } from "../../measuring/first-stages";
import { graded, mean, RELEVANT } from "../../measuring/runs";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import type { Difference } from "./retrievers";
import { rounded } from "./retrievers/curves";
import { WeightShowing } from "./weight/showing";

/** What the exhibit is set to. */
export interface WeightState {
  /** The weight that is looked at; null for the one that was learned. */
  readonly weight: number | null;
}

/** What is computed. There is nothing to choose. */
export type WeightInput = Readonly<Record<string, never>>;

/** What is found. All metrics are means of nDCG@10. */
export interface WeightData {
  readonly n: number;
  readonly curve: readonly { readonly weight: number; readonly ndcg: number }[];
  /** What all questions together teach. */
  readonly weight: number;
  readonly folds: readonly { readonly weight: number; readonly learnedOn: number; readonly heldOut: number }[];
  /** Each question with the weight that was learned without it. */
  readonly heldOut: number;
  readonly dense: number;
  readonly rrf: number;
  /** From the vectors alone to the weight learned elsewhere. */
  readonly gain: Difference;
}

/** Weights that were tried. */
export const STEP = 0.05;

/** The exhibit. */
export const weight: Exhibit<WeightState, WeightInput, WeightData> = {
  start(settings: Settings): WeightState {
    settings.end();
    return { weight: null };
  },

  restore(start, kept) {
    const asked = Number(kept.get("w")?.trim() || Number.NaN);
    return asked >= 0 && asked <= 1 ? { weight: Number((Math.round(asked / STEP) * STEP).toFixed(2)) } : start;
  },

  keep: ({ weight: chosen }): Readonly<Record<string, string>> => (chosen === null ? {} : { w: String(chosen) }),

  input: () => ({}),

  compute,

  show: (stage: Stage<WeightState>) => new WeightShowing(stage),
};

async function compute(lab: Lab, _input: WeightInput, { signal, onProgress }: ComputeOptions): Promise<WeightData> {
  const ranker = await lab.ranker(signal);
  const evaluator = await lab.evaluator(signal);
  const labelled = lab.corpus;
  const both = await fusable(ranker, evaluator, labelled, { signal, onProgress });
  const { learned } = both;
  const { dense, rrf } = await firstStages(evaluator, both, 10);
  const ndcg = async (rankings: readonly (readonly number[])[]): Promise<number[]> => {
    const ranked = labelled.queries.map((query, i) => graded(labelled, query, rankings[i] ?? []));
    return (await evaluator.measure(ranked, { relevant: RELEVANT })).map((metrics) => metrics["ndcg@10"]);
  };
  const alone = await ndcg(dense);
  return {
    n: labelled.queries.length,
    curve: learned.curve.map(({ weight: at, ndcg: value }) => ({ weight: plainWeight(at), ndcg: round(value) })),
    weight: plainWeight(learned.weight),
    folds: learned.folds.map(({ weight: at, learnedOn, heldOut }) => ({ weight: plainWeight(at), learnedOn: round(learnedOn), heldOut: round(heldOut) })),
    heldOut: round(mean(learned.heldOut)),
    dense: round(mean(alone)),
    rrf: round(mean(await ndcg(rrf))),
    gain: rounded(await evaluator.compare(alone, learned.heldOut)),
  };
}

const round = (value: number): number => Number(value.toFixed(4));
