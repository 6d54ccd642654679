/**
 * Runs over labelled questions: what each first stage finds for all of them, and what a cross-encoder says of the candidates.
 *
 * Documents are numbers here: positions among the passages. The ranker must have these passages indexed, and keeps the scores of pairs,
 * so that another run over the same pairs costs next to nothing.
 */

import type { Ranker } from "tabrank";
import type { Evaluator, GradedRanking, Ranking } from "tabrank/evaluate";
import type { LabelledQuery, Passage } from "../corpus";

/** Passages, and questions that were labelled for them. */
export interface Labelled {
  readonly passages: readonly Passage[];
  readonly queries: readonly LabelledQuery[];
}

/** What accompanies a run. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Questions done so far, and all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called with what computed, and with the milliseconds that each question took of it. */
  readonly onAnswer?: ((answer: { device?: string; milliseconds: number }) => void) | undefined;
}

/** The positions of passages, by id. */
export function positionsOf({ passages }: Labelled): Map<string, number> {
  return new Map(passages.map(({ id }, position) => [id, position]));
}

/** For each question, the `depth` passages of greatest cosine. */
export async function denseRankings(ranker: Ranker, labelled: Labelled, depth: number, options: RunOptions = {}): Promise<Ranking[]> {
  const { signal, onProgress, onAnswer } = options;
  const positions = positionsOf(labelled);
  const rankings: Ranking[] = [];
  for (const { text } of labelled.queries) {
    const { retrieved, timings } = await ranker.retrieve(text, { pool: depth, signal });
    rankings.push({
      documents: retrieved.map(({ id }) => positions.get(id) ?? -1),
      scores: retrieved.map(({ cosine }) => cosine),
    });
    onAnswer?.({ milliseconds: timings.embed + timings.retrieve });
    onProgress?.(rankings.length, labelled.queries.length);
  }
  return rankings;
}

/** For each question, the `depth` best passages by BM25. */
export async function wordRankings(evaluator: Evaluator, { passages, queries }: Labelled, depth: number, signal?: AbortSignal): Promise<Ranking[]> {
  await evaluator.indexWords(
    passages.map(({ text }) => text),
    { signal },
  );
  return evaluator.bm25(
    queries.map(({ text }) => text),
    depth,
    { signal },
  );
}

/** Logits of one question's candidates, by position of the passage. */
export type Logits = ReadonlyMap<number, number>;

/** Has a cross-encoder read each question with its candidates, which are positions of passages. */
export async function scorePools(
  ranker: Ranker,
  { passages, queries }: Labelled,
  pools: readonly (readonly number[])[],
  { signal, onProgress, onAnswer }: RunOptions = {},
): Promise<Logits[]> {
  const all: Logits[] = [];
  for (const [i, { text: query }] of queries.entries()) {
    const pool = pools[i] ?? [];
    const start = performance.now();
    const { results, device, scored } = await ranker.rerank({ query, documents: pool.map((position) => passages[position]?.text ?? ""), signal });
    // Scores that were known took no time, and say nothing of how long reading takes.
    onAnswer?.({ device, milliseconds: scored === pool.length ? performance.now() - start : Number.NaN });
    all.push(new Map(results.map(({ index, logit }) => [pool[index] ?? -1, logit])));
    onProgress?.(all.length, queries.length);
  }
  return all;
}

/** A ranking of which the first `read` are put in the order of their logits; those without a logit stay behind these. */
export function reordered(ranking: readonly number[], read: number, logits: Logits): number[] {
  const first = ranking.slice(0, read);
  const of = (position: number): number => logits.get(position) ?? -Infinity;
  // Array.prototype.sort is stable: ties keep the first stage's order, as they do in the engine.
  return [...first.sort((a, b) => of(b) - of(a)), ...ranking.slice(read)];
}

/** The grades of a ranking, as the evaluator takes them. */
export function graded({ passages }: Labelled, query: LabelledQuery, ranking: readonly number[]): GradedRanking {
  return {
    ranked: ranking.map((position) => query.grades[passages[position]?.id ?? ""] ?? 0),
    judged: Object.values(query.grades),
  };
}

/** The least grade that answers, in this project's labels: 1 is a near miss. */
export const RELEVANT = 2;

/** The middle of values, and the one that 95 % of them don't exceed (nearest rank); undefined where there are none. */
export function percentiles(values: readonly number[]): { p50: number; p95: number } | undefined {
  const known = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share: number): number | undefined => known[Math.max(0, Math.ceil(share * known.length) - 1)];
  const [p50, p95] = [at(0.5), at(0.95)];
  return p50 === undefined || p95 === undefined ? undefined : { p50, p95 };
}

/** The mean; 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
