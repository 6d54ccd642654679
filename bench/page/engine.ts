/** What the benchmark asks of an engine. Both do all of it in workers of their own, from texts to scores. */

export interface Setup {
  engine: "tabrank" | "transformers.js";
  /** Id of the cross-encoder. */
  crossEncoder: string;
  /** Id of the bi-encoder. */
  biEncoder: string;
  /** Threads of the rival, workers of tabrank. */
  workers: number;
  /** What computes. */
  device: "cpu" | "webgpu";
  /** Of transformers.js: `q8` or `fp32`. */
  dtype: "q8" | "fp32";
  /** Of transformers.js: which of onnxruntime-web's wasm files, as part of the file's name. */
  runtime: string;
  /** Of tabrank: pairs whose scores are kept; absent for the package's default. */
  scoreCache?: number;
}

export interface Engine {
  /** Logits in the order of the texts. `batch` is how many texts go through the model at once, where that can be chosen. */
  rerank(query: string, texts: string[], batch: number): Promise<number[]>;
  /** Unit vectors in the order of the texts. */
  embed(texts: string[], batch: number): Promise<Float32Array[]>;
  /** Tokens of each text, or each pair with `query`, special tokens included; null where the engine doesn't tell. */
  tokens(query: string | null, texts: string[]): Promise<number[] | null>;
  /** What the engine says of itself. */
  info(): Promise<Record<string, unknown>>;
  dispose(): void;
}
