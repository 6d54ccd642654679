/** What the WebAssembly module hands out as plain objects, for which its generated declarations have no types. */

/** A loaded model as the engine describes it. */
export interface ModelReport {
  name: string;
  role: "bi-encoder" | "cross-encoder";
  layers: number;
  width: number;
  max_tokens: number;
  pooling: "mean" | "cls" | null;
  head: { kind: "classifier" | "segment-cosine" } | null;
}

/** The engine's answer to a search. */
export interface SearchReport {
  query: string;
  retrieved: { id: string; rank: number; cosine: number }[];
  reranked: { id: string; rank: number; previous_rank: number; logit: number; truncated: boolean }[];
  timings_ms: { embed: number; retrieve: number; rerank: number; total: number };
  device: string;
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

/** Awaited between batches; a rejection stops the operation. */
export type Checkpoint = (done: number, total: number) => Promise<void>;

/** What `convert` must know of a model besides its files. */
export interface ConvertExtras {
  id: string;
  role: "bi-encoder" | "cross-encoder";
  quantization: "Q8_0" | "Q4_0" | "F16" | "F32";
  licence: string;
  pooling?: "mean" | "cls";
  max_tokens?: number;
  query_prefix?: string;
  activation?: "identity";
}
