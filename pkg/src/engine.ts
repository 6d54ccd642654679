/** What the WebAssembly module hands out as plain objects, for which its generated declarations have no types. */

import type { Cost, Quantization } from "./types.js";

/** A loaded model as the engine describes it. */
export interface ModelReport {
  name: string;
  role: "bi-encoder" | "cross-encoder";
  layers: number;
  width: number;
  max_tokens: number;
  pooling: "mean" | "cls" | null;
  head: { kind: "classifier" | "segment-cosine" | "gated-late-interaction" } | null;
}

/** The engine's first stage. */
export interface RetrieveReport {
  candidates: { id: string; score: number; cosine: number; bm25: number | null; tokens: number }[];
  embed_ms: number;
  retrieve_ms: number;
}

/** A scored passage as the engine describes it. */
export interface ScoreReport {
  index: number;
  logit: number;
  truncated: boolean;
}

/** An embedded text. */
export interface EmbeddingReport {
  vector: Float32Array;
  tokens: number;
  truncated: boolean;
}

/** The engine on itself. */
export interface EngineReport {
  version: string;
  device: string;
  documents: number;
}

/** Awaited at least every 50 ms or so, between steps with the same `done` as before; a rejection stops the operation. */
export type Checkpoint = (done: number, total: number) => Promise<void>;

/** The small files of a checkpoint. */
export interface CheckpointTexts {
  config: string;
  tokenizer: string;
  modules?: string;
  pooling?: string;
  sentence_bert?: string;
  head?: string;
}

/** What the engine's converter must know of a model besides its files. */
export interface ConvertExtras {
  id: string;
  role?: "bi-encoder" | "cross-encoder";
  quantization: Quantization;
  licence?: string;
  pooling?: "mean" | "cls";
  max_tokens?: number;
  query_prefix?: string;
  activation?: "identity";
}

/** What came out of a GPU's trial. The times are absent where none were asked for. */
export interface TrialReport {
  agreement: { logits: number; cosine: number | null };
  precision: "f32" | "f16";
  cpu: Cost | null;
  gpu: Cost | null;
}
