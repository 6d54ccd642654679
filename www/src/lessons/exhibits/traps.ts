/** All traps of the labelled set with their twins: what each model puts first, by kind of small word. */

import type { Comparison } from "tabrank/evaluate";
import type { Corpus, LabelledQuery } from "../../corpus";
import { markOf } from "../../labels";
import { RELEVANT } from "../../measuring/runs";
import { LIMITS } from "../../state";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { TrapsShowing } from "./traps/showing";

/** The two questions of a pair. */
export type Side = "traps" | "twins";

/** What the exhibit is set to. */
export interface TrapsState {
  /** How many candidates the cross-encoder reads. */
  readonly pool: number;
  /** Which questions are looked at. */
  readonly side: Side;
}

/** What is computed: both sides. */
export type TrapsInput = Pick<TrapsState, "pool">;

/** What came first for a question. */
export interface TrapsEntry {
  /** Of the question. */
  readonly id: string;
  /** Passages, by id: what the bi-encoder puts first, and the cross-encoder. */
  readonly scout: string;
  readonly judge: string;
  /** The first passage of the pool that answers; null where none does. */
  readonly answer: string | null;
}

/** What is found. */
export interface TrapsData {
  readonly traps: readonly TrapsEntry[];
  readonly twins: readonly TrapsEntry[];
  /** Precision@1 before reranking and after. */
  readonly comparisons: Readonly<Record<Side, Comparison>>;
}

/** The exhibit. */
export const traps: Exhibit<TrapsState, TrapsInput, TrapsData> = {
  start(settings: Settings): TrapsState {
    const pool = settings.number("pool", LIMITS.pool);
    settings.end();
    return { pool, side: "traps" };
  },

  restore: (start, kept) => ({ ...start, side: kept.get("side") === "twins" ? "twins" : "traps" }),

  keep: ({ side }): Readonly<Record<string, string>> => (side === "twins" ? { side } : {}),

  input: ({ pool }) => ({ pool }),

  compute,

  show: (stage: Stage<TrapsState>) => new TrapsShowing(stage),

  effort: "a minute or so",
};

async function compute(lab: Lab, { pool }: TrapsInput, { signal, onProgress, ran }: ComputeOptions): Promise<TrapsData> {
  const ranker = await lab.ranker(signal);
  const evaluator = await lab.evaluator(signal);
  const sides = sidesOf(lab.corpus);
  const total = sides.traps.length + sides.twins.length;
  let done = 0;
  const search = async (queries: readonly LabelledQuery[]): Promise<TrapsEntry[]> => {
    const entries: TrapsEntry[] = [];
    for (const query of queries) {
      const { retrieved, reranked, device } = await ranker.search(query.text, { pool, topK: 1, signal });
      ran(device);
      const answer = retrieved.find(({ id }) => markOf(query, id) === "answers")?.id ?? null;
      entries.push({ id: query.id, scout: retrieved[0]?.id ?? "", judge: reranked[0]?.id ?? "", answer });
      done += 1;
      onProgress(done, total);
    }
    return entries;
  };
  const compare = async (queries: readonly LabelledQuery[], entries: readonly TrapsEntry[]): Promise<Comparison> => {
    const first = async (of: (entry: TrapsEntry) => string): Promise<number[]> => {
      const rankings = queries.map((query, i) => {
        const entry = entries[i];
        return { ranked: [entry === undefined ? 0 : (query.grades[of(entry)] ?? 0)], judged: Object.values(query.grades) };
      });
      return (await evaluator.measure(rankings, { relevant: RELEVANT })).map((metrics) => metrics["precision@1"]);
    };
    return rounded(await evaluator.compare(await first(({ scout }) => scout), await first(({ judge }) => judge)));
  };
  const trapEntries = await search(sides.traps);
  const twinEntries = await search(sides.twins);
  return {
    traps: trapEntries,
    twins: twinEntries,
    comparisons: { traps: await compare(sides.traps, trapEntries), twins: await compare(sides.twins, twinEntries) },
  };
}

function sidesOf(corpus: Corpus): Readonly<Record<Side, readonly LabelledQuery[]>> {
  const pairs = [...corpus.trapsByShelf().values()].flat();
  return { traps: pairs.map(({ trap }) => trap), twins: pairs.flatMap(({ twin }) => (twin === undefined ? [] : [twin])) };
}

/** A comparison as it is kept: four digits. */
function rounded(comparison: Comparison): Comparison {
  return JSON.parse(JSON.stringify(comparison, (_key, value: unknown) => (typeof value === "number" ? Number(value.toFixed(4)) : value))) as Comparison;
}
