/** Types of the public interface. */

import type { Fusion } from "./evaluate/types.js";
import type { ModelChoice, ModelInfo } from "./model-types.js";

export type { Fusion } from "./evaluate/types.js";
export type * from "./model-types.js";

/** A text to be indexed. Metadata come back with each hit, untouched. */
export interface Document<M = unknown> {
  id: string;
  text: string;
  metadata?: M;
}

/** What is going on while models are fetched. The names of the states are those of transformers.js. */
export interface ProgressEvent {
  /** `initiate` a file is asked for, `download` its bytes begin to arrive, `progress` more have arrived,
   * `done` the file is there and verified, `ready` everything can be used. */
  status: "initiate" | "download" | "progress" | "done" | "ready";
  /** Id of the model, or the name of the file for anything else. */
  name: string;
  /** The file; absent in `ready`. */
  file?: string;
  /** Bytes so far. */
  loaded?: number;
  /** Bytes in all, from the manifest; absent where the manifest doesn't know them and the server doesn't say. */
  total?: number;
  /** Where the bytes come from; in `done`. */
  source?: "cache" | "network";
}

/** What `load` may be told. */
export interface LoadOptions {
  /** The manifest's default if absent; `null` for none, where candidates come from elsewhere: then nothing can be indexed,
   * searched or embedded, and half as much is downloaded. */
  biEncoder?: ModelChoice | null | undefined;
  /** The manifest's default if absent. */
  crossEncoder?: ModelChoice | undefined;
  /** Folder with manifest.json and the model files. Default: `models/` beside the page. The manifest isn't read if neither
   * model is of it. */
  modelsUrl?: string | URL | undefined;
  /** Where hub models come from. Default: the Hugging Face hub. */
  hubUrl?: string | URL | undefined;
  /**
   * The build of the engine. `"auto"`, the default: `relaxed-simd` where it is the quicker one, found out by two or
   * three milliseconds of multiplying before anything is fetched, and `simd128` everywhere else. The builds round
   * differently: the same pair's logits differ by up to some hundredths, but each gives the same bits in every browser.
   * `relaxed-simd` is refused by browsers that lack relaxed SIMD, with an `UnsupportedBrowserError`.
   */
  build?: Build | "auto" | undefined;
  /**
   * The file `tabrank_bg.wasm`, where it isn't beside the worker: with it, the build is `simd128`. If `build` is set to
   * `"relaxed-simd"`, the file `tabrank_relaxed_bg.wasm`.
   */
  wasmUrl?: string | URL | undefined;
  /**
   * What computes. `"auto"`, the default: the GPU for as much work at once as takes less time there, as measured once and
   * remembered, and the CPU for everything else and until the GPU has been tried, which happens after `load()` has resolved.
   * `"webgpu"`: the GPU for everything; `load()` waits for it. `"cpu"`: no GPU is asked for. Where there is no GPU, where it
   * computes something else than the CPU, or fails later, the CPU does the work, in the same call, and `info().gpu` says why.
   */
  device?: Device | undefined;
  /** Keep verified model files in the browser's Cache Storage. Default true; where storage is refused or full, work goes on without. */
  cache?: boolean | undefined;
  /**
   * How many workers score pairs side by side. Default `"auto"`: one per core but for one that is left to the page, at
   * most 4; two on two cores; one where the browser reports 2 GB of memory or less. At most 16. Each holds a
   * cross-encoder of its own; the number changes no score.
   */
  workers?: number | "auto" | undefined;
  /**
   * Workers made from `tabrank/worker`, where a bundler has its own way of making them: a function that makes one each
   * time it is called, or a single worker, which then works alone whatever `workers` says. The ranker ends them. Not in Node.
   */
  worker?: (Worker | (() => Worker)) | undefined;
  /**
   * How many pairs' scores are kept, to be used again when the same query meets the same passage. Default 10000. With 0 nothing is kept of
   * the passages themselves either, so that timings are those of passages never read before.
   */
  scoreCache?: number | undefined;
  /** Called as files are asked for, arrive and are verified, and once when everything is ready. */
  onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Called whenever what is known of the GPU changes, also after `load()` has resolved. */
  onGpu?: ((gpu: GpuInfo) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What `index` may be told. */
export interface IndexOptions {
  /** Bytes of a file made by `tabrank index` from the same documents, in the same order, with the same model. Nothing is
   * embedded then. */
  prebuilt?: ArrayBuffer | undefined;
  /** Called after each batch: documents embedded so far and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What `embed` must and may be told. */
export interface EmbedOptions {
  /** What the texts are: some models want words of their own before a query. */
  kind: "query" | "document";
  /** Called after each batch: texts embedded so far and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A candidate as the first stage found it. */
export interface Retrieved<M = unknown> {
  id: string;
  /** From 1. */
  rank: number;
  /** What the candidates are ranked by: the cosine, the BM25 score, or what both together come to. */
  score: number;
  /** Of the vectors of query and document, whatever found it. */
  cosine: number;
  /** BM25 score, 0 if it shares no word with the query; absent where only vectors were asked. */
  bm25?: number;
  text: string;
  metadata?: M;
}

/** A candidate as the cross-encoder placed it. */
export interface Reranked<M = unknown> {
  id: string;
  /** From 1. */
  rank: number;
  /** Rank in the first stage, from 1. */
  previousRank: number;
  /** Raw logit: any real number, comparable only within one model. */
  logit: number;
  /** Query and passage together were longer than the model reads. */
  truncated: boolean;
  text: string;
  metadata?: M;
}

/** A score as it comes in, before the order is known. */
export interface Scored {
  /** Raw logit. */
  logit: number;
  /** Query and passage together were longer than the model reads. */
  truncated: boolean;
}

/** What finds the candidates. */
export interface FirstStageOptions {
  /** `"dense"`, the default: by cosine. `"bm25"`: by words. `"hybrid"`: by both. */
  retriever?: "dense" | "bm25" | "hybrid" | undefined;
  /** How `"hybrid"` makes one ranking of both. Default reciprocal rank fusion. Each ranking is heard down to rank 100, or to the pool's
   * size if that is more. */
  fusion?: Fusion | undefined;
}

/** What `retrieve` may be told. */
export interface RetrieveOptions extends FirstStageOptions {
  /** How many candidates. Default 50. */
  pool?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What the first stage alone found. */
export interface RetrieveResult<M = unknown> {
  query: string;
  /** Best first. */
  retrieved: Retrieved<M>[];
  /** Milliseconds. */
  timings: Pick<Timings, "embed" | "retrieve" | "total">;
}

/** What `search` may be told. */
export interface SearchOptions extends FirstStageOptions {
  /** How many candidates the cross-encoder reads. Default 50. 1 is legal and shows the recall ceiling. */
  pool?: number | undefined;
  /** How many reranked results are returned. Default 5. */
  topK?: number | undefined;
  /** Called after each batch: candidates read so far and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called with scores as they come in, each candidate's once, in no particular order. */
  onScores?: ((scored: (Scored & { id: string })[]) => void) | undefined;
  /** Called with the whole pool, best first, before any of it is scored. */
  onRetrieved?: ((retrieved: Retrieved[]) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What becomes known in the course of a search: first the pool, then each candidate's score, then the result. */
export type SearchEvent<M = unknown> =
  | { type: "retrieved"; retrieved: Retrieved<M>[] }
  | ({ type: "scored"; id: string } & Scored)
  | { type: "done"; result: SearchResult<M> };

/** Milliseconds spent, by stage. */
export interface Timings {
  embed: number;
  retrieve: number;
  /** Of all workers together, from the first pair to the last. Hardly anything where the scores were known. */
  rerank: number;
  /** From the moment when the search's turn came. */
  total: number;
}

/** What a search found. */
export interface SearchResult<M = unknown> {
  query: string;
  /** The whole pool, best first. */
  retrieved: Retrieved<M>[];
  /** The best `topK` of the pool, best logit first. */
  reranked: Reranked<M>[];
  /** How many pairs were computed for this; the others were known from before, or are the same as one of these. */
  scored: number;
  timings: Timings;
  /** What read the pairs that were computed for this, e.g. "cpu (simd128, int16)" or "webgpu (apple metal-3, f32)". */
  device: string;
}

/** What `rerank` is asked, in the shape of hosted rerankers. */
export interface RerankRequest<M = unknown> {
  query: string;
  documents: readonly (string | { text: string; metadata?: M })[];
  /** How many results to return; all if absent. */
  top_n?: number | undefined;
  /** Give the documents back with the results, as they were given: strings as strings. Default false. */
  return_documents?: boolean | undefined;
  /** `sigmoid` maps the logit to 0..1 for relevance_score; the order is the same. Default `identity`. */
  activation?: "identity" | "sigmoid" | undefined;
  /** Called after each batch: documents read so far and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called with scores as they come in, each document's once, in no particular order. */
  onScores?: ((scored: (Scored & { index: number })[]) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A document as the cross-encoder placed it. */
export interface RerankResult<M = unknown> {
  /** Position in the request's documents. */
  index: number;
  /** The logit after `activation`. */
  relevance_score: number;
  /** The raw logit. */
  logit: number;
  truncated: boolean;
  document?: string | { text: string; metadata?: M };
}

/** What `rerank` answers: results, best logit first. */
export interface RerankResponse<M = unknown> {
  results: RerankResult<M>[];
  /** How many pairs were computed for this; the others were known from before, or are the same as one of these. */
  scored: number;
  activation: "identity" | "sigmoid";
  model: string;
  /** What read the pairs that were computed for this, e.g. "cpu (simd128, int16)". */
  device: string;
}

/** What a first stage finds. */
export interface Candidate<M = unknown> {
  id: string;
  text: string;
  /** The first stage's own, of whatever kind it is; greater is better. */
  score?: number;
  metadata?: M;
}

/** A first stage: anything that finds at most `k` candidates for a query, the best first. */
export type Retriever<M = unknown> = (query: string, k: number, signal?: AbortSignal) => Promise<readonly Candidate<M>[]> | readonly Candidate<M>[];

/** What `searchIn` may be told. */
export interface SearchInOptions<M = unknown> extends Omit<SearchOptions, "onScores" | "onRetrieved" | keyof FirstStageOptions> {
  /** Called with the candidates before any of them is scored. */
  onRetrieved?: ((retrieved: (Candidate<M> & { rank: number })[]) => void) | undefined;
}

/** As {@link SearchResult}, with candidates from elsewhere. */
export interface SearchInResult<M = unknown> {
  query: string;
  /** The candidates, as the retriever ranked them; ranks are from 1. */
  retrieved: (Candidate<M> & { rank: number })[];
  /** The best `topK` of them, best logit first. */
  reranked: Reranked<M>[];
  /** How many pairs were computed for this; the others were known from before, or are the same as one of these. */
  scored: number;
  /** Milliseconds. */
  timings: Pick<Timings, "retrieve" | "rerank" | "total">;
  /** What read the pairs that were computed for this. */
  device: string;
}

/** What `rank` may be told. */
export interface RankOptions {
  /** How many results to return; all if absent. */
  topK?: number | undefined;
  /** Give the texts back with the results, and metadata. Default false. */
  returnDocuments?: boolean | undefined;
  /** `sigmoid` maps the logit to 0..1 for `score`. Default `identity`. */
  activation?: "identity" | "sigmoid" | undefined;
  /** Called after each batch: documents read so far and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A result in the shape of sentence-transformers. */
export interface RankResult<M = unknown> {
  /** Position in the documents. */
  corpus_id: number;
  /** The logit after `activation`. */
  score: number;
  /** The raw logit. */
  logit: number;
  truncated: boolean;
  text?: string;
  metadata?: M;
}

/** The builds of the engine: `simd128` for every browser, `relaxed-simd` for processors that multiply bytes much faster. */
export type Build = "simd128" | "relaxed-simd";

/** What computes: the GPU, the CPU, or the one that is faster. */
export type Device = "auto" | "webgpu" | "cpu";

/** Milliseconds that scoring takes. */
export interface Cost {
  /** For each batch. */
  batch: number;
  /** For each token. */
  token: number;
}

/** How long scoring takes on one thread of the CPU and on the GPU, as measured. */
export interface GpuCosts {
  cpu: Cost;
  gpu: Cost;
}

/** What is known of the GPU. */
export interface GpuInfo {
  /**
   * `trying` it is being compared with the CPU; `ready` it computes what the CPU does, and is used; `off` there is none, or none
   * was asked for, or the CPU is faster; `failed` something went wrong, and the CPU does everything.
   */
  state: "trying" | "ready" | "off" | "failed";
  /** Why, in a few words. */
  reason: string;
  /** What the browser calls it. */
  adapter?: string;
  /** What it multiplies; sums are in f32. There when it is `ready`. */
  precision?: "f32" | "f16";
  /** Greatest difference of logits from the CPU's, and least cosine of a vector with the CPU's, on texts of the engine's own; the
   * latter is null without a bi-encoder. */
  agreement?: { logits: number; cosine: number | null };
  /** Absent where the choice was not left to tabrank. */
  costs?: GpuCosts;
}

/** What is loaded, and what runs it. */
export interface Info {
  version: string;
  /** What runs on the CPU, e.g. "cpu (simd128, int16)". */
  device: string;
  gpu: GpuInfo;
  build: Build;
  /** Null if none was wanted. */
  biEncoder: ModelInfo | null;
  crossEncoder: ModelInfo;
  /** Number of indexed documents. */
  documents: number;
  /** Workers that are ready to score. */
  workers: number;
  /** Workers that were asked for. Those that aren't ready yet join as soon as they are. */
  workersWanted: number;
  /** Why workers could not be started or were lost, one sentence each. The others do their work. */
  workersLost: string[];
  /** Bytes of the engine's memory, summed over the workers, as of their last answers. It never shrinks. */
  memory: number;
}
