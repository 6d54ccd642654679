/** The worker: owns the engine and does all computing. The page talks to it through `channel.ts`. */

import init, { convert, Engine, sha256 } from "../wasm/tabrank.js";
import type { Bytes } from "./download.js";
import type { Checkpoint, EmbeddingReport, EngineReport, ModelReport, SearchReport } from "./engine.js";
import { aborted, crashed, EngineUnavailableError, NotReadyError } from "./errors.js";
import { fetchManifest, findEntry } from "./manifest.js";
import { digestWith, obtain, type ModelFile, type Supply } from "./models.js";
import type { LoadParams, Scored } from "./protocol.js";
import { serve, type Context, type Handlers, type Port } from "./serve.js";
import { Store } from "./store.js";
import type { Info, ManifestEntry, ModelInfo } from "./types.js";

let engine: Engine | undefined;

function loaded(): Engine {
  if (!engine) throw new NotReadyError("No models are loaded yet. Wait for load() to end.");
  return engine;
}

async function load(params: LoadParams, { signal, progress, breathe }: Context<"load">): Promise<Info> {
  const models = new URL(params.modelsUrl);
  const manifest = await fetchManifest(models, signal);
  const { defaults } = manifest;
  const biEntry = findEntry(manifest, params.biEncoder ?? defaults.bi_encoder, "bi-encoder");
  const crossEntry = findEntry(manifest, params.crossEncoder ?? defaults.cross_encoder, "cross-encoder");

  const wasm = params.wasmUrl ? new URL(params.wasmUrl) : new URL("../wasm/tabrank_bg.wasm", import.meta.url);
  const name = wasm.pathname.slice(wasm.pathname.lastIndexOf("/") + 1);
  progress({ status: "initiate", name, file: name });
  await start(wasm, signal);
  progress({ status: "done", name, file: name, source: "network" });

  const next = new Engine();
  const { version, device }: EngineReport = next.info();
  const supply: Supply = {
    models,
    hub: new URL(params.hubUrl),
    version,
    store: params.cache ? await Store.open() : null,
    digest: digestWith(sha256),
    // The glue copies the result out of the engine's memory.
    convert: (...files) => convert(...files) as Bytes,
    signal,
    onProgress: progress,
  };
  const biFile = await obtain(biEntry, supply);
  const biReport: ModelReport = next.loadBiEncoder(biFile.bytes, biFile.sha256);
  await breathe();
  const crossFile = await obtain(crossEntry, supply);
  const crossReport: ModelReport = next.loadCrossEncoder(crossFile.bytes, crossFile.sha256);
  await breathe();
  engine?.free();
  engine = next;
  progress({ status: "ready", name: "tabrank" });
  return {
    version,
    device,
    biEncoder: modelInfo(biEntry, biFile, biReport),
    crossEncoder: modelInfo(crossEntry, crossFile, crossReport),
    documents: 0,
  };
}

/** Fetches and compiles the engine. */
async function start(url: URL, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    await init({ module_or_path: response });
  } catch (cause) {
    if (signal.aborted) throw aborted(signal);
    throw new EngineUnavailableError(
      `The engine ${url.href} could not be started (${String(cause)}). Check that the file is there, or set wasmUrl ` +
        "to where it is, and that the Content-Security-Policy has 'wasm-unsafe-eval' in script-src.",
      { cause },
    );
  }
}

function modelInfo(entry: ManifestEntry, file: ModelFile, report: ModelReport): ModelInfo {
  return {
    id: entry.id,
    role: entry.role,
    sha256: file.sha256,
    bytes: file.bytes.length,
    layers: report.layers,
    width: report.width,
    maxTokens: report.max_tokens,
    head: report.head?.kind ?? report.pooling ?? "",
  };
}

/** Tells the page how far a computation is, and lets it abort. */
function checkpoint({ progress, breathe }: Context<"index" | "search" | "rerank" | "embed">): Checkpoint {
  return async (done, total) => {
    progress({ done, total });
    await breathe();
  };
}

const handlers: Handlers = {
  load,
  index: ({ documents }, context) => loaded().indexDocuments(documents, checkpoint(context)),
  openIndex: async ({ documents, index }) => {
    const lines = documents.map((document) => JSON.stringify(document)).join("\n");
    return loaded().openIndex(lines, new Uint8Array(index));
  },
  search: async ({ query, pool, topK }, context) => {
    const report: SearchReport = await loaded().search(query, pool, topK, checkpoint(context));
    const { retrieved, timings_ms: timings, device } = report;
    const reranked = report.reranked.map(({ previous_rank: previousRank, ...hit }) => ({ ...hit, previousRank }));
    return { query: report.query, retrieved, reranked, timings, device };
  },
  rerank: async ({ query, passages }, context) => {
    const scored: Scored[] = await loaded().rerank(query, passages, checkpoint(context));
    return scored;
  },
  embed: async ({ texts, kind }, context) => {
    const embedded: EmbeddingReport[] = await loaded().embed(texts, kind, checkpoint(context));
    return embedded.map(({ vector }) => vector);
  },
};

// The declarations for pages make `self` a window; here it is the scope of a dedicated worker.
const scope = self as unknown as Port & Pick<Window, "addEventListener">;

// A trap in a task of the engine's own rejects no call. Without this, the page would wait for ever.
scope.addEventListener("unhandledrejection", ({ reason }: PromiseRejectionEvent) => {
  scope.postMessage({ type: "crash", error: { code: "worker-crashed", message: crashed(String(reason)) } });
});

serve(scope, handlers);
