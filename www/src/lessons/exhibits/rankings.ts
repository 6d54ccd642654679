/** One question asked of four first stages. */

import type { Ranker } from "tabrank";
import type { Evaluator } from "tabrank/evaluate";
import { FIRST_STAGES, fusable, plainWeight, type FirstStage } from "../../measuring/first-stages";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { RankingsShowing } from "./rankings/showing";

/** How far down rankings are looked at. */
const DEPTH = 50;

/** The longest question that is taken from an address. */
const LONGEST = 300;

/** What the exhibit is set to. */
export interface RankingsState {
  readonly query: string;
}

/** A passage that a first stage found, with the score that it is ranked by. */
export interface Found {
  readonly id: string;
  readonly score: number;
}

/** What is found. */
export interface RankingsData {
  /** Weight of the cosine in the weighted sum, learned from labelled questions other than this one. */
  readonly weight: number;
  readonly stages: Readonly<Record<FirstStage, readonly Found[]>>;
}

/** The exhibit. */
export const rankings: Exhibit<RankingsState, RankingsState, RankingsData> = {
  start(settings: Settings): RankingsState {
    const query = settings.text("query");
    settings.end();
    return { query };
  },

  restore: (start, kept) => ({ query: kept.get("q")?.trim().slice(0, LONGEST) || start.query }),

  keep: ({ query }, start): Readonly<Record<string, string>> => (query === start.query ? {} : { q: query }),

  input: (state) => (state.query.trim() === "" ? undefined : state),

  compute,

  show: (stage: Stage<RankingsState>) => new RankingsShowing(stage),
};

async function compute(lab: Lab, { query }: RankingsState, { signal, onProgress }: ComputeOptions): Promise<RankingsData> {
  const ranker = await lab.ranker(signal);
  const evaluator = await lab.evaluator(signal);
  const weight = await weightFor(lab, ranker, evaluator, query, { signal, onProgress });
  const options = {
    bm25: { retriever: "bm25" },
    dense: { retriever: "dense" },
    rrf: { retriever: "hybrid", fusion: { method: "rrf" } },
    sum: { retriever: "hybrid", fusion: { method: "weighted-sum", weight } },
  } as const;
  const stages: Partial<Record<FirstStage, Found[]>> = {};
  for (const stage of FIRST_STAGES) {
    const { retrieved } = await ranker.retrieve(query, { ...options[stage], pool: DEPTH, signal });
    stages[stage] = retrieved.map(({ id, score }) => ({ id, score: Number(score.toPrecision(4)) }));
  }
  return { weight: plainWeight(weight), stages: { bm25: [], dense: [], rrf: [], sum: [], ...stages } };
}

/** The weight that labelled questions teach: for one of them, the others. */
async function weightFor(lab: Lab, ranker: Ranker, evaluator: Evaluator, query: string, options: Pick<ComputeOptions, "signal" | "onProgress">): Promise<number> {
  const { learned } = await fusable(ranker, evaluator, lab.corpus, options);
  const asked = lab.corpus.labelled(query);
  return (asked === undefined ? undefined : learned.weights[lab.corpus.queries.indexOf(asked)]) ?? learned.weight;
}
