/** Types of `tabrank/evaluate`. */

/** A ranking: documents by number, best first, and their scores. */
export interface Ranking {
  documents: number[];
  scores: number[];
}

/** One query's ranking by cosine and by BM25. */
export interface TwoRankings {
  dense: Ranking;
  lexical: Ranking;
}

/** A query of which both rankings are to be weighed. */
export interface JudgedRankings extends TwoRankings {
  /** Numbers of the judged documents, and their grades. */
  judged: [document: number, grade: number][];
}

/** A query's grades in the order of a ranking. */
export interface GradedRanking {
  /** The grade of each document, best rank first; 0 for one that nobody judged. Whole numbers from 0 to 255. */
  ranked: number[];
  /** Grades of all judged documents of the query, in any order. */
  judged: number[];
}

/** What grades mean, and how far is looked. */
export interface MeasureOptions {
  /** The least grade that counts as an answer. Default 1; tabrank's own labels have 2, as 1 is a near miss there. */
  relevant?: number | undefined;
  /** Ranks that `recall` looks at. Default 50. */
  pool?: number | undefined;
}

/** Metrics of one ranking, as trec_eval computes them; all from 0 to 1. */
export interface Metrics {
  "precision@1": number;
  "precision@5": number;
  "hit_rate@5": number;
  mrr: number;
  "ndcg@10": number;
  /** Share of the answers among the first `pool`: the recall ceiling, where the first stage was measured. */
  recall: number;
}

/** A mean over queries, and the middle 95 % of the means of samples drawn anew from them (percentile bootstrap). */
export interface Interval {
  mean: number;
  low: number;
  high: number;
}

/** A metric of the same queries before and after. */
export interface Comparison {
  /** Queries. */
  n: number;
  before: Interval;
  after: Interval;
  /** After minus before, drawn query by query. */
  difference: Interval;
  /** Queries for which it is greater afterwards. */
  better: number;
  /** Queries for which it is less afterwards. */
  worse: number;
  /** `helps` or `hurts` if the whole interval of the difference is on one side of 0; else these queries show no difference. */
  verdict: "helps" | "hurts" | "unclear";
}

/** How two rankings become one. */
export type Fusion =
  /** Reciprocal rank fusion: the sum of 1 / (k + rank). The usual k is 60. */
  | { method: "rrf"; k?: number | undefined }
  /** The sum of the scores, each ranking's brought to 0..1; `weight` is the cosines', BM25 has the rest. */
  | { method: "weighted-sum"; weight: number };

/** Queries that were held out, and the weight that the others gave. */
export interface Fold {
  weight: number;
  /** Mean nDCG@10 of the queries that the weight was learned on. */
  learnedOn: number;
  /** Mean nDCG@10 of the queries held out. */
  heldOut: number;
}

/** The weight of the cosines against BM25, as labelled queries teach it. */
export interface LearnedWeight {
  /** What all queries together give. */
  weight: number;
  /** Mean nDCG@10 of all queries at each weight of the grid. */
  curve: { weight: number; ndcg: number }[];
  folds: Fold[];
  /** For each query its weight, learned without it. */
  weights: number[];
  /** For each query nDCG@10 with that weight. */
  heldOut: number[];
}
