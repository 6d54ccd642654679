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

  const ranking = ({ documents, scores }: Ranking) => new (glue().Ranking)(Uint32Array.from(documents), Float32Array.from(scores));
  const plain = (ranking: Glue.Ranking): Ranking => {
    const found = { documents: Array.from(ranking.documents()), scores: Array.from(ranking.scores()) };
    ranking.free();
    return found;
  };

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
        found.push(plain(words.search(query, k)));
        await breathe();
      }
      return found;
    },
    async fuse({ queries, fusion, k }) {
      return queries.map((two) => {
        const [dense, lexical] = [ranking(two.dense), ranking(two.lexical)];
        const fused = fusion.kind === "weighted-sum" ? dense.fuseScores(lexical, fusion.weight, k) : dense.fuseRanks(lexical, fusion.k, k);
        dense.free();
        lexical.free();
        return plain(fused);
      });
    },
    async learnWeight({ queries, folds, relevant }) {
      const weighing = new (glue().Weighing)();
      for (const query of queries) {
        const [dense, lexical] = [ranking(query.dense), ranking(query.lexical)];
        const [documents, grades] = [query.judged.map(([document]) => document), query.judged.map(([, grade]) => grade)];
        weighing.add(dense, lexical, Uint32Array.from(documents), Uint8Array.from(grades));
        dense.free();
        lexical.free();
      }
      const { weight, curve, folds: parts, weights, held_out } = weighing.learn(folds, relevant) as LearnedReport;
      weighing.free();
      return {
        weight,
        curve: curve.map(([at, ndcg]) => ({ weight: at, ndcg })),
        folds: parts.map((part) => ({ weight: part.weight, learnedOn: part.learned_on, heldOut: part.held_out })),
        weights,
        heldOut: held_out.map((metrics) => metrics["ndcg@10"]),
      };
    },
    async measure({ rankings, relevant, pool }) {
      const { measure } = glue();
      return rankings.map(({ ranked, judged }): Metrics => {
        const values = measure(Uint8Array.from(ranked), Uint8Array.from(judged), relevant, pool);
        const [p1 = 0, p5 = 0, hit = 0, mrr = 0, ndcg = 0, recall = 0] = values;
        return { "precision@1": p1, "precision@5": p5, "hit_rate@5": hit, mrr, "ndcg@10": ndcg, recall };
      });
    },
    async compare({ before, after }) {
      return glue().compare(Float64Array.from(before), Float64Array.from(after)) as Comparison;
    },
  };
}
