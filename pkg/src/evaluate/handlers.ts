/** A worker's answers to an evaluator. */

import type * as Glue from "../../wasm/tabrank.js";
import { NotReadyError } from "../errors.js";
import type { Handlers } from "../serve.js";
import type { Comparison, Metrics, Ranking } from "./types.js";

/** The engine on a learned weight. */
interface LearnedReport {
  weight: number;
  curve: [weight: number, ndcg: number][];
  folds: { weight: number; learned_on: number; held_out: number }[];
  weights: number[];
  held_out: Metrics[];
}

type Names = "indexWords" | "bm25" | "fuse" | "learnWeight" | "measure" | "compare";

/** The handlers; `glue` gives the functions of an engine that has been started. */
export function evaluating(glue: () => typeof Glue): Pick<Handlers, Names> {
  let words: Glue.Lexical | undefined;
  return {
    async indexWords({ texts }) {
      const next = new (glue().Lexical)(texts);
      words?.free();
      words = next;
      return texts.length;
    },
    async bm25({ queries, k }, { breathe }) {
      const found: Ranking[] = [];
      for (const query of queries) {
        if (!words) throw new NotReadyError("There is no index of words yet. Call indexWords() first.");
        found.push(words.search(query, k) as Ranking);
        await breathe();
      }
      return found;
    },
    async fuse({ queries, fusion, k }) {
      return glue().fuse(queries, fusion, k) as Ranking[];
    },
    async learnWeight({ queries, folds, relevant }) {
      const { weight, curve, folds: parts, weights, held_out } = glue().learnWeight(queries, folds, relevant) as LearnedReport;
      return {
        weight,
        curve: curve.map(([at, ndcg]) => ({ weight: at, ndcg })),
        folds: parts.map((part) => ({ weight: part.weight, learnedOn: part.learned_on, heldOut: part.held_out })),
        weights,
        heldOut: held_out.map((metrics) => metrics["ndcg@10"]),
      };
    },
    async measure({ rankings, relevant, pool }) {
      return glue().measure(rankings, relevant, pool) as Metrics[];
    },
    async compare({ before, after }) {
      return glue().compare(Float64Array.from(before), Float64Array.from(after)) as Comparison;
    },
  };
}
