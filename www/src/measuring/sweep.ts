/**
 * A sweep: labelled questions through several first stages, cross-encoders and pools. What is read is kept, so that a sweep that was
 * stopped goes on where it was, and what is done by then can be measured. No page, no DOM.
 */

import type { Ranker } from "tabrank";
import { positionsOf, type Labelled, type Logits } from "./runs";

/** The first stages to choose from. `hybrid` is reciprocal rank fusion of the other two. */
export const STAGES = ["dense", "bm25", "hybrid"] as const;
/** A first stage. */
export type SweepStage = (typeof STAGES)[number];

/** What first stages are called. */
export const STAGE_NAMES: Readonly<Record<SweepStage, string>> = { dense: "dense", bm25: "BM25", hybrid: "hybrid" };

/** The pools to choose from. */
export const POOLS: readonly number[] = [5, 10, 20, 50, 100];

/** How far down first stages are heard, whatever the pool: what lies behind the pool counts for MRR. */
export const DEPTH = 100;

/** Questions that are timed. Of so few, the 95th percentile is the slowest but one. */
export const TIMED = 20;

/** What is swept. */
export interface SweepPlan {
  readonly stages: readonly SweepStage[];
  /** Ascending. */
  readonly pools: readonly number[];
  /** Ids of cross-encoders. */
  readonly models: readonly string[];
}

/** What a first stage found for each question, and the milliseconds that it took. */
export interface StageRun {
  readonly rankings: readonly (readonly number[])[];
  readonly times: readonly number[];
}

/** What the first stages found. */
export type StageRuns = ReadonlyMap<SweepStage, StageRun>;

/** What accompanies a sweep. */
export interface SweepOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Asks each first stage each question. `ranker` must have the passages indexed. */
export async function runStages(ranker: Ranker, labelled: Labelled, stages: readonly SweepStage[], { signal, onProgress }: SweepOptions = {}): Promise<StageRuns> {
  const positions = positionsOf(labelled);
  const total = stages.length * labelled.queries.length;
  const runs = new Map<SweepStage, { rankings: number[][]; times: number[] }>();
  let done = 0;
  for (const stage of stages) {
    const run = { rankings: [] as number[][], times: [] as number[] };
    // The first question after a change of stage finds nothing warm.
    const [first] = labelled.queries;
    if (first !== undefined) await ranker.retrieve(first.text, { pool: 1, retriever: stage, signal });
    for (const { text } of labelled.queries) {
      const { retrieved, timings } = await ranker.retrieve(text, { pool: DEPTH, retriever: stage, signal });
      run.rankings.push(retrieved.flatMap(({ id }) => positions.get(id) ?? []));
      run.times.push(timings.total);
      onProgress?.((done += 1), total);
    }
    runs.set(stage, run);
  }
  return runs;
}

/** What a cross-encoder said of one question's candidates, and how long it read the pools that were timed. */
interface Read {
  readonly logits: Map<number, number>;
  /** Milliseconds, by first stage and pool. */
  readonly times: Map<string, number>;
}

/** What one cross-encoder has read so far of a library. Questions go by their texts, as there may be more of them the next time. */
export class Readings {
  readonly #read = new Map<string, Read>();
  /** What it read with. */
  device = "";

  /** The logits of a question's candidates. */
  logits(question: string): Logits {
    return this.#read.get(question)?.logits ?? new Map();
  }

  /** Whether all of these candidates of a question have been read. */
  has(question: string, candidates: Iterable<number>): boolean {
    const known = this.#read.get(question)?.logits;
    for (const candidate of candidates) if (known?.has(candidate) !== true) return false;
    return true;
  }

  /** How long reading took; undefined where it wasn't timed. */
  time(question: string, stage: SweepStage, pool: number): number | undefined {
    return this.#read.get(question)?.times.get(key(stage, pool));
  }

  /** Takes what was read of a question. */
  add(question: string, logits: Iterable<readonly [number, number]>, timed?: { readonly stage: SweepStage; readonly pool: number; readonly milliseconds: number }): void {
    const read = this.#read.get(question) ?? { logits: new Map(), times: new Map() };
    for (const [position, logit] of logits) read.logits.set(position, logit);
    if (timed !== undefined) read.times.set(key(timed.stage, timed.pool), timed.milliseconds);
    this.#read.set(question, read);
  }
}

const key = (stage: SweepStage, pool: number): string => `${stage} ${pool}`;

/** The candidates of a question that a plan has read, those of all first stages and pools. */
export function candidatesOf(runs: StageRuns, question: number, { stages, pools }: SweepPlan): Set<number> {
  const deepest = Math.max(0, ...pools);
  return new Set(stages.flatMap((stage) => runs.get(stage)?.rankings[question]?.slice(0, deepest) ?? []));
}

/** One thing to be read: some candidates of a question, timed if it is a pool of a first stage. */
interface Task {
  readonly candidates: readonly number[];
  readonly timed?: { readonly stage: SweepStage; readonly pool: number };
}

/** What is left to be read for a question. Pools are timed whole, as a search reads them. */
function tasksOf({ queries }: Labelled, runs: StageRuns, readings: Readings, plan: SweepPlan, question: number, timed: boolean): Task[] {
  const text = queries[question]?.text ?? "";
  const tasks: Task[] = [];
  const will = new Set<number>();
  if (timed) {
    for (const stage of plan.stages) {
      for (const pool of plan.pools) {
        const candidates = runs.get(stage)?.rankings[question]?.slice(0, pool) ?? [];
        if (candidates.length === 0 || (readings.time(text, stage, pool) !== undefined && readings.has(text, candidates))) continue;
        tasks.push({ candidates, timed: { stage, pool } });
        for (const candidate of candidates) will.add(candidate);
      }
    }
  }
  const rest = [...candidatesOf(runs, question, plan)].filter((candidate) => !will.has(candidate) && !readings.has(text, [candidate]));
  if (rest.length > 0) tasks.push({ candidates: rest });
  return tasks;
}

/** Questions in the order in which they are read. The first ones are timed. */
export interface Order {
  readonly questions: readonly number[];
  readonly timed: ReadonlySet<number>;
}

/** The pairs that a cross-encoder has left to read. */
export function pairsLeft(labelled: Labelled, runs: StageRuns, readings: Readings, plan: SweepPlan, { questions, timed }: Order): number {
  const tasks = questions.flatMap((question) => tasksOf(labelled, runs, readings, plan, question, timed.has(question)));
  return tasks.reduce((sum, { candidates }) => sum + candidates.length, 0);
}

/**
 * Has a cross-encoder read what is left. It must keep no scores itself, as known ones take no time. What has been read when the signal
 * fires is in `readings`.
 */
export async function readOn(
  ranker: Ranker,
  labelled: Labelled,
  runs: StageRuns,
  readings: Readings,
  plan: SweepPlan,
  { questions, timed }: Order,
  { signal, onPairs }: { readonly signal?: AbortSignal; readonly onPairs?: (pairs: number) => void } = {},
): Promise<void> {
  const { passages, queries } = labelled;
  let warm = false;
  for (const question of questions) {
    const query = queries[question]?.text ?? "";
    for (const task of tasksOf(labelled, runs, readings, plan, question, timed.has(question))) {
      const documents = task.candidates.map((position) => passages[position]?.text ?? "");
      // The first reading finds nothing warm, and isn't counted.
      if (!warm) await ranker.rerank({ query, documents: documents.slice(0, 8), signal });
      warm = true;
      const start = performance.now();
      const { results, device } = await ranker.rerank({ query, documents, signal });
      const milliseconds = performance.now() - start;
      readings.device = device;
      readings.add(
        query,
        results.map(({ index, logit }) => [task.candidates[index] ?? -1, logit] as const),
        task.timed === undefined ? undefined : { ...task.timed, milliseconds },
      );
      onPairs?.(documents.length);
    }
  }
}
