// How far the 8-bit scores are from those of the fp32 ONNX files, and whether a score belongs to its text alone.

import { once } from "./contenders.mjs";
import { difference, kendall, round } from "./statistics.mjs";

/** @typedef {import("./contenders.mjs").Contender} Contender */
/** @typedef {import("./contenders.mjs").Workload} Workload */

/**
 * @param {readonly Contender[]} contenders
 * @param {Readonly<Record<string, Workload>>} workloads
 * @param {Readonly<Record<string, number[]>>} reference logits of the fp32 file, each pair by itself
 */
export async function accuracy(contenders, workloads, reference) {
  const rows = [];
  for (const contender of contenders) {
    for (const [workload, load] of Object.entries(workloads)) {
      if (load.kind !== "rerank") continue;
      const exact = reference[workload] ?? [];
      const together = (await once(contender, load, load.texts.length)).logits;
      const alone = [];
      for (const text of load.texts) alone.push(...(await once(contender, { ...load, texts: [text] }, 1)).logits);
      /** @param {number[]} logits */
      const against = (logits) => {
        const { max, mean } = difference(logits, exact);
        return { max: round(max, 4), mean: round(mean, 4), kendall_tau: round(kendall(logits, exact), 4) };
      };
      rows.push({
        engine: contender.setup.engine,
        workload,
        pairs: exact.length,
        alone: against(alone),
        together: against(together),
        // Between a pair by itself and the same pair in a batch of 50.
        moved_by_batch: { max: difference(alone, together).max, pairs: alone.filter((logit, i) => logit !== together[i]).length },
      });
    }
  }
  return rows;
}

/**
 * Cosines between the 8-bit vectors of the embedding workload and the fp32 ones. Unlike the classifier, this is a trained model.
 *
 * @param {readonly { contender: Contender, batch: number }[]} entries
 * @param {Workload} load
 * @param {readonly number[][]} reference
 */
export async function vectorAccuracy(entries, load, reference) {
  const rows = [];
  for (const { contender, batch } of entries) {
    const { vectors } = await once(contender, load, batch, true);
    const cosines = vectors.map((vector, i) => vector.reduce((sum, x, j) => sum + x * Number(reference[i]?.[j]), 0));
    const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length;
    rows.push({ engine: contender.setup.engine, batch, mean_cosine: round(mean, 5), least_cosine: round(Math.min(...cosines), 5) });
  }
  return rows;
}

/**
 * Stops if the engines do not count the same tokens.
 *
 * @param {Contender} contender
 * @param {Readonly<Record<string, Workload>>} workloads
 */
export async function insistOnTokens({ page, key }, workloads) {
  for (const [workload, load] of Object.entries(workloads)) {
    const query = load.kind === "rerank" ? load.query : null;
    const counted = await page.evaluate(
      ([k, q, texts]) => window.bench.tokens(k, q, texts),
      /** @type {const} */ ([key, query, load.texts]),
    );
    if (JSON.stringify(counted) !== JSON.stringify(load.tokens)) throw new Error(`${workload}: the rival's tokenizer counts other tokens`);
  }
}
