/**
 * Measuring: precision, hit rate, MRR, nDCG and recall with confidence intervals, BM25 and the fusion of rankings. No model is needed.
 * Everything is computed by the engine that also reranks, in a worker of its own.
 */

import { address } from "../address.js";
import { Channel } from "../channel.js";
import { aborted } from "../errors.js";
import { insistOnFeatures } from "../features.js";
import { platform } from "../platform.js";
import { spawn } from "../spawn.js";
import { Evaluator } from "./evaluator.js";

export type { Evaluator } from "./evaluator.js";
export type * from "./types.js";

/** What `openEvaluator` may be told. */
export interface EvaluatorOptions {
  /** The file `tabrank_bg.wasm`, where it isn't beside the worker. */
  wasmUrl?: string | URL | undefined;
  /** A function that makes a worker from `tabrank/worker`, where a bundler has its own way of making them. Not in Node. */
  worker?: (() => Worker) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Starts a worker with the engine in it.
 *
 * @throws UnsupportedBrowserError before anything is fetched; EngineUnavailableError if the engine can't be had.
 */
export async function openEvaluator({ wasmUrl, worker = spawn.start as () => Worker, signal }: EvaluatorOptions = {}): Promise<Evaluator> {
  insistOnFeatures();
  spawn.insist();
  const url = wasmUrl === undefined ? undefined : address(wasmUrl, "wasmUrl", platform.base()).href;
  if (signal?.aborted) throw aborted(signal);
  const channel = new Channel(worker());
  try {
    await channel.call("open", { wasmUrl: url }, { signal });
    return new Evaluator(channel);
  } catch (error) {
    channel.dispose();
    throw error;
  }
}
