/** What page and worker say to each other. */

import type { BuildOption } from "./build.js";
import type { ConvertExtras } from "./engine.js";
import type { WireError } from "./errors.js";
import type { Comparison, GradedRanking, JudgedRankings, LearnedWeight, Metrics, Ranking, TwoRankings } from "./evaluate/types.js";
import type { Build, Device, GpuInfo, Info, ManifestEntry, ProgressEvent, Quantization } from "./types.js";

/** A document without what only the page needs. */
export interface PlainDocument {
  id: string;
  text: string;
}

/** Where a model is to be had. Addresses are absolute. */
export type ModelRequest =
  | { from: "manifest"; id: string; entry: ManifestEntry }
  | { from: "address"; id: string; url: string; sha256: string | null }
  | { from: "bytes"; id: string; bytes: ArrayBuffer | Uint8Array<ArrayBuffer> | Blob }
  | {
      from: "repository";
      id: string;
      repo: string;
      revision: string;
      quantization: Quantization;
      /** What was said of it that the repository need not say. */
      extras: Pick<ConvertExtras, "pooling" | "max_tokens" | "query_prefix">;
    };

/** Load options with everything decided; addresses are absolute. */
export interface LoadParams {
  biEncoder: ModelRequest | null;
  crossEncoder: ModelRequest;
  modelsUrl: string;
  hubUrl: string;
  wasmUrl: string | undefined;
  build: BuildOption;
  device: Device;
  cache: boolean;
  /** How many other workers there will be. */
  others: number;
}

/** How far a computation is. */
export interface Step {
  done: number;
  total: number;
}

/** What is known of models and engine once they are loaded. */
export type LoadedInfo = Pick<Info, "version" | "device" | "build" | "biEncoder" | "crossEncoder">;

/** What a worker needs to score pairs, so that it has to fetch, verify and compile nothing. */
export interface JoinParams {
  build: Build;
  module: WebAssembly.Module;
  /** The cross-encoder's verified file. It is moved to the worker, not copied. */
  model: ArrayBuffer;
  sha256: string;
}

/** The first worker's answer when it is ready, with what each of the others needs. */
export interface Loaded {
  info: LoadedInfo;
  others: JoinParams[];
}

/** How two rankings become one. */
export type FusedFinder = { kind: "reciprocal-rank"; k: number } | { kind: "weighted-sum"; weight: number };

/** What finds the candidates. */
export type Finder = { kind: "dense" | "bm25" } | FusedFinder;

/** What the first stage found. */
export interface Candidates {
  /** Best first. `tokens`: how many the cross-encoder will read of the query and the candidate. */
  candidates: { id: string; score: number; cosine: number; bm25?: number; tokens: number }[];
  /** Milliseconds. */
  embed: number;
  retrieve: number;
}

/** What the cross-encoder says of a pair. */
export interface Score {
  logit: number;
  truncated: boolean;
}

/** Whether a text is embedded as what is looked for or as what is found. */
export type TextKind = "query" | "document";

/** Everything that a worker can be asked for. */
export interface Calls {
  /** Of the first worker, as are all others but `join` and `score`. */
  load: { params: LoadParams; result: Loaded; progress: ProgressEvent };
  /** Of the other workers. */
  join: { params: JoinParams; result: null; progress: never };
  /** The result is the number of documents, here and in `openIndex`. */
  index: { params: { documents: PlainDocument[] }; result: number; progress: Step };
  openIndex: { params: { documents: PlainDocument[]; index: ArrayBuffer }; result: number; progress: Step };
  retrieve: { params: { query: string; pool: number; finder: Finder }; result: Candidates; progress: never };
  /** The vectors of the documents, as a file that `openIndex` takes. */
  exportIndex: { params: null; result: ArrayBuffer; progress: never };
  /** The result is how many tokens the cross-encoder will read of the query and each passage. */
  tokens: { params: { query: string; passages: string[] }; result: Uint32Array; progress: Step };
  /**
   * With `gpu`, of the first worker only, and an error of the code `gpu-failed` if that can't be done. With `afresh`, what is known of
   * texts scored before isn't used.
   */
  score: { params: { query: string; passages: string[]; gpu?: boolean; afresh?: boolean }; result: Score[]; progress: Step };
  embed: { params: { texts: string[]; kind: TextKind }; result: Float32Array[]; progress: Step };
  /** Of an evaluator's worker, as are all that follow. */
  open: { params: { wasmUrl: string | undefined }; result: null; progress: never };
  indexWords: { params: { texts: string[] }; result: number; progress: never };
  bm25: { params: { queries: string[]; k: number }; result: Ranking[]; progress: never };
  fuse: { params: { queries: TwoRankings[]; fusion: FusedFinder; k: number }; result: Ranking[]; progress: never };
  learnWeight: { params: { queries: JudgedRankings[]; folds: number; relevant: number }; result: LearnedWeight; progress: never };
  measure: { params: { rankings: GradedRanking[]; relevant: number; pool: number }; result: Metrics[]; progress: never };
  compare: { params: { before: number[]; after: number[] }; result: Comparison; progress: never };
}

/** Name of something that a worker can be asked for. */
export type CallName = keyof Calls;

/** A question to the worker. The `id` is chosen by the page. */
export type Call<K extends CallName = CallName> = {
  [P in K]: { type: "call"; id: number; name: P; params: Calls[P]["params"] };
}[K];

/** From page to worker. */
export type Request =
  | Call
  | { type: "abort"; id: number }
  /** Is the worker alive? */
  | { type: "ping" };

/** From worker to page. Each call gets any number of `progress` and then one `result` or `error`. */
export type Reply =
  | { type: "progress"; id: number; progress: Calls[CallName]["progress"] }
  /** `memory`: bytes of the engine's memory. */
  | { type: "result"; id: number; result: Calls[CallName]["result"]; memory: number }
  | { type: "error"; id: number; error: WireError }
  /** Whether there is work that outlives its call, which ending the worker would undo. */
  | { type: "lingering"; on: boolean }
  /** What has become of the GPU. */
  | { type: "gpu"; info: GpuInfo }
  /** It is. */
  | { type: "pong" }
  /** The engine broke outside of any call; nothing can be computed any more. */
  | { type: "crash"; error: WireError };
