/** Whether reranking helps on the labelled set: before and after, by metric, group of questions and pool, with what can be concluded. */

import { denseRankings, RELEVANT, scorePools } from "../../measuring/runs";
import { groupsOf, measureReranking, METRIC_KEYS, rounded, type RerankingReport } from "../../measuring/reranking";
import { VerdictView, type VerdictChoice } from "../../measuring/verdict-view";
import { LIMITS } from "../../state";
import type { ComputeOptions, Exhibit, Showing, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";

/** What the exhibit is set to. */
export interface VerdictState extends VerdictChoice {
  /** The pools to choose from. */
  readonly pools: readonly number[];
}

/** What is computed: everything that can be chosen from. */
export type VerdictInput = Pick<VerdictState, "pools">;

/** Digits that are kept. */
const DIGITS = 4;

/** The exhibit. */
export const verdict: Exhibit<VerdictState, VerdictInput, RerankingReport> = {
  start(settings: Settings): VerdictState {
    const pools = settings.numbers("pools");
    const pool = settings.number("pool");
    settings.end();
    const { min, max } = LIMITS.pool;
    const bad = pools.find((one) => !Number.isInteger(one) || one < min || one > max);
    if (bad !== undefined) throw new Error(`pools holds ${bad}, but a pool is a whole number from ${min} to ${max}.`);
    if (!pools.includes(pool)) throw new Error(`pool is ${pool}, which is none of the pools ${pools.join(", ")}.`);
    return { pools, pool, metric: "ndcg@10", group: "all" };
  },

  restore(start, kept, corpus) {
    const groups = groupsOf(corpus.queries);
    return {
      ...start,
      metric: METRIC_KEYS.find((metric) => metric === kept.get("m")) ?? start.metric,
      group: [...groups.keys()].find((group) => group === kept.get("g")) ?? start.group,
      pool: start.pools.find((pool) => String(pool) === kept.get("p")) ?? start.pool,
    };
  },

  keep({ metric, group, pool }, start) {
    return {
      ...(metric === start.metric ? {} : { m: metric }),
      ...(group === start.group ? {} : { g: group }),
      ...(pool === start.pool ? {} : { p: String(pool) }),
    };
  },

  input: ({ pools }) => ({ pools }),

  compute,

  show: (stage: Stage<VerdictState>) => new VerdictShowing(stage),

  effort: "some minutes",
};

async function compute(lab: Lab, { pools }: VerdictInput, { signal, onProgress, ran }: ComputeOptions): Promise<RerankingReport> {
  const ranker = await lab.ranker(signal);
  const evaluator = await lab.evaluator(signal);
  const labelled = lab.corpus;
  const total = 2 * labelled.queries.length;
  const rankings = await denseRankings(ranker, labelled, Math.max(...pools), { signal, onProgress: (done) => onProgress(done, total) });
  const logits = await scorePools(
    ranker,
    labelled,
    rankings.map(({ documents }) => documents),
    {
      signal,
      onProgress: (done) => onProgress(labelled.queries.length + done, total),
      onAnswer: ({ device }) => device !== undefined && ran(device),
    },
  );
  const report = await measureReranking(evaluator, { labelled, rankings, logits, pools, relevant: RELEVANT }, signal);
  return rounded(report, DIGITS);
}

class VerdictShowing implements Showing<VerdictState, VerdictInput, RerankingReport> {
  readonly #stage: Stage<VerdictState>;
  #view: VerdictView | undefined;
  #state: VerdictState | undefined;

  constructor(stage: Stage<VerdictState>) {
    this.#stage = stage;
  }

  draw(state: VerdictState, run: { readonly data: RerankingReport; readonly stale: boolean } | undefined): void {
    this.#state = state;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    this.#view ??= this.#make(state);
    this.#view.show(state, run?.data);
  }

  #make({ pools }: VerdictState): VerdictView {
    const view = new VerdictView({
      labelled: this.#stage.corpus,
      pools,
      prefix: this.#stage.prefix,
      onChoose: (choice) => {
        if (this.#state !== undefined) this.#stage.change({ ...this.#state, ...choice });
      },
      href: (query, pool) => `?${new URLSearchParams({ q: query, pool: String(pool) }).toString()}`,
    });
    this.#stage.root.replaceChildren(view.root);
    return view;
  }
}
