/** What the weights come to, in words. Pure, so that it can be tested. */

import { signed } from "../../../measuring/verdict-text";
import { decimal } from "../../../view/dom";
import type { Table } from "../../../view/table";
import type { WeightData } from "../weight";

/** Weights whose mean differs by less than this from the best are called as good. */
const AS_GOOD = 0.005;

/** What one weight gives. */
export function weightText({ curve }: WeightData, weight: number): string {
  const { ndcg = 0 } = curve.find((one) => Math.abs(one.weight - weight) < 1e-6) ?? {};
  const share = weight === 0 ? "BM25 alone" : weight === 1 ? "the cosine alone" : `${Math.round(weight * 100)} % cosine, ${Math.round((1 - weight) * 100)} % BM25`;
  return `Weight ${decimal(weight, 2)} (${share}): nDCG@10 ${decimal(ndcg, 3)}.`;
}

/** What was learned. */
export function learnedText({ n, curve, weight, folds }: WeightData): string {
  const best = Math.max(...curve.map(({ ndcg }) => ndcg));
  const weights = folds.map((fold) => fold.weight);
  const [low, high] = [Math.min(...weights), Math.max(...weights)];
  const spread = low === high ? `All ${folds.length} folds choose ${decimal(low, 2)}, too` : `The ${folds.length} folds choose between ${decimal(low, 2)} and ${decimal(high, 2)}`;
  return `All ${n} questions together are ranked best with the weight ${decimal(weight, 2)}: nDCG@10 ${decimal(best, 3)}. ${spread}.`;
}

/** How much of that is to be believed, and how much the weight matters. */
export function believedText({ curve, weight, heldOut }: WeightData): string {
  const best = Math.max(...curve.map(({ ndcg }) => ndcg));
  const at = curve.findIndex((one) => one.weight === weight);
  const good = (i: number): boolean => (curve[i]?.ndcg ?? -1) >= best - AS_GOOD;
  let [first, last] = [at, at];
  while (good(first - 1)) first -= 1;
  while (good(last + 1)) last += 1;
  return (
    `Ranked with weights that they had no part in, the questions have ${decimal(heldOut, 3)}: that is the number to believe. ` +
    `All weights from ${decimal(curve[first]?.weight ?? weight, 2)} to ${decimal(curve[last]?.weight ?? weight, 2)} are within ${AS_GOOD} of the best.`
  );
}

/** What fusion gains over the vectors alone. */
export function gainText({ n, dense, heldOut, rrf, gain }: WeightData): string {
  const { mean, low, high } = gain.difference;
  const says = {
    helps: "the weighted sum is better on these questions",
    hurts: "the weighted sum is worse on these questions",
    unclear: `0 is in it, so these ${n} questions show no difference`,
  };
  return (
    `The cosine alone has ${decimal(dense, 3)}; the weighted sum with weights learned elsewhere ${decimal(heldOut, 3)}: a difference of ${signed(mean, 3)}, ` +
    `95 % interval ${signed(low, 3)} to ${signed(high, 3)}: ${says[gain.verdict]}. Reciprocal rank fusion, which has no weight to learn, has ${decimal(rrf, 3)}.`
  );
}

/** The weights in numbers. */
export function curveTable({ curve }: WeightData): Table {
  return { caption: "nDCG@10 by the weight of the cosine", head: ["Weight of the cosine", "nDCG@10"], rows: curve.map(({ weight, ndcg }) => [decimal(weight, 2), decimal(ndcg, 3)]) };
}

/** The folds in numbers. */
export function foldTable({ folds }: WeightData): Table {
  return {
    caption: "What each fold learned, and what it is worth where it wasn’t learned",
    head: ["Fold", "weight", "nDCG@10 where learned", "nDCG@10 where held out"],
    rows: folds.map(({ weight, learnedOn, heldOut }, i) => [String(i + 1), decimal(weight, 2), decimal(learnedOn, 3), decimal(heldOut, 3)]),
  };
}
