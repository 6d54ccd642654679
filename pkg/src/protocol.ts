/** What page and worker say to each other. */

import type { WireError } from "./errors.js";
import type { Info, ProgressEvent, Timings } from "./types.js";

/** A document without what only the page needs. */
export interface PlainDocument {
  id: string;
  text: string;
}

/** Load options with everything decided; addresses are absolute. */
export interface LoadParams {
  biEncoder: string | undefined;
  crossEncoder: string | undefined;
  modelsUrl: string;
  hubUrl: string;
  wasmUrl: string | undefined;
  cache: boolean;
}

/** How far a computation is. */
export interface Step {
  done: number;
  total: number;
}

/** A search's result before the page adds texts and metadata. */
export interface Found {
  query: string;
  retrieved: { id: string; rank: number; cosine: number }[];
  reranked: { id: string; rank: number; previousRank: number; logit: number; truncated: boolean }[];
  timings: Timings;
  device: string;
}

/** A scored passage; `index` is its position in the request. */
export interface Scored {
  index: number;
  logit: number;
  truncated: boolean;
}

/** Whether a text is embedded as what is looked for or as what is found. */
export type TextKind = "query" | "document";

/** Everything that the worker can be asked for. */
export interface Calls {
  load: { params: LoadParams; result: Info; progress: ProgressEvent };
  /** The result is the number of documents, here and in `openIndex`. */
  index: { params: { documents: PlainDocument[] }; result: number; progress: Step };
  openIndex: { params: { documents: PlainDocument[]; index: ArrayBuffer }; result: number; progress: Step };
  search: { params: { query: string; pool: number; topK: number }; result: Found; progress: Step };
  rerank: { params: { query: string; passages: string[] }; result: Scored[]; progress: Step };
  embed: { params: { texts: string[]; kind: TextKind }; result: Float32Array[]; progress: Step };
}

/** Name of something that the worker can be asked for. */
export type CallName = keyof Calls;

/** A question to the worker. The `id` is chosen by the page. */
export type Call<K extends CallName = CallName> = {
  [P in K]: { type: "call"; id: number; name: P; params: Calls[P]["params"] };
}[K];

/** From page to worker. */
export type Request = Call | { type: "abort"; id: number };

/** From worker to page. Each call gets any number of `progress` and then one `result` or `error`. */
export type Reply =
  | { type: "progress"; id: number; progress: Calls[CallName]["progress"] }
  | { type: "result"; id: number; result: Calls[CallName]["result"] }
  | { type: "error"; id: number; error: WireError }
  /** The engine broke outside of any call; nothing can be computed any more. */
  | { type: "crash"; error: WireError };
