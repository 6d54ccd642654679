/** What needs no model: words, fusion and metrics, computed in a worker of its own. */

import type { Channel } from "../channel.js";
import { BadInputError } from "../errors.js";
import { array, count, fusion as checkFusion, strings } from "../input.js";
import type {
  Comparison,
  Fusion,
  GradedRanking,
  JudgedRankings,
  LearnedWeight,
  MeasureOptions,
  Metrics,
  Ranking,
  TwoRankings,
} from "./types.js";

/** Measures rankings, finds by words, fuses. Made by `openEvaluator`. */
export class Evaluator {
  readonly #channel: Channel;

  /** @internal */
  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Makes an index of these texts' words, in the place of any earlier one. Documents are numbered from 0 in this order. */
  async indexWords(texts: readonly string[], options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#channel.call("indexWords", { texts: strings(texts, "texts") }, options);
  }

  /** The `k` best documents by BM25 for each query; fewer where fewer share a word with it. */
  async bm25(queries: readonly string[], k: number, options: { signal?: AbortSignal | undefined } = {}): Promise<Ranking[]> {
    return this.#channel.call("bm25", { queries: strings(queries, "queries"), k: count(k, "k") }, options);
  }

  /** One ranking of at most `k` documents out of two, for each query. */
  async fuse(queries: readonly TwoRankings[], fusion: Fusion, k: number): Promise<Ranking[]> {
    array(queries, "queries");
    queries.forEach(checkTwo);
    return this.#channel.call("fuse", { queries: [...queries], fusion: checkFusion(fusion), k: count(k, "k") });
  }

  /** Learns how much the cosines should weigh against BM25, by cross-validation: each query's own result is with a weight that it had no
   * part in. */
  async learnWeight(queries: readonly JudgedRankings[], { folds = 5, relevant = 1 } = {}): Promise<LearnedWeight> {
    array(queries, "queries");
    queries.forEach((query, i) => {
      checkTwo(query, i);
      const { judged } = query;
      array(judged, `queries[${i}].judged`);
      judged.forEach(([, grade]) => checkGrade(grade, `queries[${i}].judged`));
    });
    return this.#channel.call("learnWeight", { queries: [...queries], folds: count(folds, "folds", 2), relevant: count(relevant, "relevant") });
  }

  /** Metrics of each ranking. */
  async measure(rankings: readonly GradedRanking[], { relevant = 1, pool = 50 }: MeasureOptions = {}): Promise<Metrics[]> {
    array(rankings, "rankings");
    rankings.forEach((ranking, i) => {
      const { ranked, judged } = ranking ?? {};
      array(ranked, `rankings[${i}].ranked`);
      array(judged, `rankings[${i}].judged`);
      for (const grade of [...ranked, ...judged]) checkGrade(grade, `rankings[${i}]`);
    });
    return this.#channel.call("measure", { rankings: [...rankings], relevant: count(relevant, "relevant"), pool: count(pool, "pool") });
  }

  /** Compares a metric's values before and after, query by query in the same order. */
  async compare(before: readonly number[], after: readonly number[]): Promise<Comparison> {
    array(before, "before");
    array(after, "after");
    if (before.length !== after.length) {
      throw new BadInputError(`before and after must be of the same queries, but there are ${before.length} and ${after.length} values.`);
    }
    [...before, ...after].forEach((value) => {
      if (!Number.isFinite(value)) throw new BadInputError(`before and after must hold numbers, but there is ${String(value)}.`);
    });
    return this.#channel.call("compare", { before: [...before], after: [...after] });
  }

  /** Ends the worker. What is under way, and every later call, rejects with a `DisposedError`. */
  dispose(): void {
    this.#channel.dispose();
  }
}

function checkTwo(query: TwoRankings, i: number): void {
  checkRanking(query?.dense, `queries[${i}].dense`);
  checkRanking(query?.lexical, `queries[${i}].lexical`);
}

function checkRanking(ranking: Ranking, what: string): void {
  array(ranking?.documents, `${what}.documents`);
  array(ranking.scores, `${what}.scores`);
  if (ranking.documents.length !== ranking.scores.length) {
    throw new BadInputError(`${what} must have as many scores as documents, but has ${ranking.scores.length} and ${ranking.documents.length}.`);
  }
}

function checkGrade(grade: unknown, what: string): void {
  if (Number.isInteger(grade) && (grade as number) >= 0 && (grade as number) <= 255) return;
  throw new BadInputError(`Grades in ${what} must be whole numbers from 0 to 255, but there is ${String(grade)}.`);
}
