/**
 * Two-stage search in a browser tab: a bi-encoder retrieves, a cross-encoder reranks.
 *
 * Importing this does nothing by itself, so it may be part of code that also runs on a server; only {@link load} needs
 * a browser, or Node.
 */

import { address, folder, places } from "./address.js";
import { buildWanted } from "./build.js";
import { ScoreCache } from "./cache.js";
import { Channel } from "./channel.js";
import { choices, requests } from "./choice.js";
import { Crew } from "./crew.js";
import { deviceWanted } from "./device.js";
import { aborted } from "./errors.js";
import { insistOnFeatures } from "./features.js";
import { count } from "./input.js";
import { fetchManifest, manifestOf } from "./manifest.js";
import { platform } from "./platform.js";
import type { LoadParams } from "./protocol.js";
import { Ranker } from "./ranker.js";
import { spawn } from "./spawn.js";
import { Store } from "./store.js";
import type { LoadOptions, Manifest } from "./types.js";
import { workersWanted } from "./workers.js";

export { clearCache, isCached } from "./cached.js";
export * from "./types.js";
export {
  AbortError,
  BadInputError,
  DisposedError,
  EmptyQueryError,
  EngineUnavailableError,
  IndexMismatchError,
  InternalError,
  ManifestError,
  ModelIntegrityError,
  ModelRefusedError,
  ModelUnavailableError,
  NotReadyError,
  OutOfMemoryError,
  RetrieverError,
  TabrankError,
  UnsupportedBrowserError,
  WorkerCrashedError,
} from "./errors.js";
export type { ErrorCode, Mismatch, Whereabouts } from "./errors.js";
export type { Ranker } from "./ranker.js";

/**
 * Starts a worker and loads a bi-encoder and a cross-encoder into it. Once that is done, more workers are started to share
 * the scoring; they get engine and model from the first, and nobody has to wait for them.
 *
 * @throws {@link UnsupportedBrowserError} before anything is fetched; {@link ModelUnavailableError},
 * {@link ModelIntegrityError} and others named in errors.ts afterwards. On failure the worker is ended.
 */
export async function load<M = unknown>(options: LoadOptions = {}): Promise<Ranker<M>> {
  insistOnFeatures();
  spawn.insist();
  const base = platform.base();
  const { worker = spawn.start, signal } = options;
  const asked = workersWanted(options.workers, platform.machine());
  const wanted = typeof worker === "function" ? asked : 1;
  const cache = new ScoreCache(count(options.scoreCache ?? 10_000, "scoreCache", 0));
  const { models, hub } = places(options, base);
  const settings = {
    modelsUrl: models.href,
    hubUrl: hub.href,
    wasmUrl: options.wasmUrl === undefined ? undefined : address(options.wasmUrl, "wasmUrl", base).href,
    build: buildWanted(options.build, options.wasmUrl !== undefined),
    device: deviceWanted(options.device),
    cache: options.cache ?? true,
    others: wanted - 1,
  };
  const chosen = choices(options, base);
  if (signal?.aborted) throw aborted(signal);
  const lead = new Channel(typeof worker === "function" ? worker() : worker);
  const { onGpu } = options;
  // An error in a caller's function is the caller's.
  if (onGpu) lead.onGpu = (info) => queueMicrotask(() => onGpu(info));
  try {
    // Here, and not in the worker, which starts meanwhile.
    const manifest = () => manifestOf(models, settings.cache ? Store.open() : null, signal);
    const params: LoadParams = { ...settings, ...(await requests(chosen, manifest)) };
    const { info, others } = await lead.call("load", params, { signal, onProgress: options.onProgress });
    const crew = new Crew(lead, wanted);
    if (typeof worker === "function") {
      for (const other of others) void crew.hire(worker, other);
    }
    return new Ranker<M>(crew, info, cache);
  } catch (error) {
    lead.dispose();
    throw error;
  }
}

/** The manifest of a models folder, by default `models/` beside the page: which models could be loaded. */
export async function listModels(modelsUrl: string | URL = "models/", signal?: AbortSignal): Promise<Manifest> {
  return fetchManifest(folder(modelsUrl, "modelsUrl", platform.base()), signal);
}

