/** The 8-bit model held against the floats that it was made of: the same pairs, logit by logit. */

import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import reference from "./quantized/float-logits.json";
import { QuantizedShowing } from "./quantized/showing";

/** There is nothing to set. What is computed is named, so that a recorded run of other weights is noticed. */
export interface QuantizedInput {
  readonly model: string;
  readonly sha256: string;
}

/** A pair with its two logits. */
export interface QuantizedPair {
  /** Of the labelled question. */
  readonly query: string;
  /** Of the passage. */
  readonly passage: string;
  /** By PyTorch, in f32. */
  readonly float: number;
  /** From 8-bit weights, by this engine. */
  readonly eight: number;
}

/** What is found. */
export interface QuantizedData {
  readonly pairs: readonly QuantizedPair[];
}

/** The exhibit. */
export const quantized: Exhibit<QuantizedInput, QuantizedInput, QuantizedData> = {
  start(settings: Settings): QuantizedInput {
    settings.end();
    return { model: reference.model, sha256: reference.sha256 };
  },

  restore: (start) => start,

  keep: () => ({}),

  input: (state) => state,

  compute,

  show: (stage: Stage<QuantizedInput>) => new QuantizedShowing(stage),
};

async function compute(lab: Lab, { model, sha256 }: QuantizedInput, { signal, onProgress, ran }: ComputeOptions): Promise<QuantizedData> {
  const ranker = await lab.reranker(model, signal);
  const { crossEncoder } = ranker.info();
  if (crossEncoder.sha256 !== sha256) {
    throw new Error(`The floats are those of another version of ${model} than the one that is here, so they can’t be compared.`);
  }
  const queries = new Map(lab.corpus.queries.map((query) => [query.id, query.text]));
  const eight = new Map<string, number>();
  for (const id of new Set(reference.pairs.map(({ query }) => query))) {
    const query = queries.get(id);
    const passages = reference.pairs.filter((pair) => pair.query === id).map(({ passage }) => passage);
    const documents = passages.map((passage) => lab.corpus.passage(passage)?.text);
    if (query === undefined || !documents.every((text) => text !== undefined)) throw new Error(`The library doesn’t hold ${id} or a passage that was read with it any more.`);
    const { results, device } = await ranker.rerank({ query, documents, signal });
    ran(device);
    for (const { index, logit } of results) eight.set(`${id} ${passages[index] ?? ""}`, logit);
    onProgress(eight.size, reference.pairs.length);
  }
  return {
    pairs: reference.pairs.map(({ query, passage, logit }) => ({ query, passage, float: logit, eight: Number((eight.get(`${query} ${passage}`) ?? 0).toFixed(5)) })),
  };
}
