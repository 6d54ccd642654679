/**
 * A worker: owns an engine and does all computing. The first of a ranker's workers loads both models and holds the index;
 * the others are handed a compiled engine and a cross-encoder, and only score. The page talks to it through `channel.ts`.
 */

import type { Engine } from "../wasm/tabrank.js";
import type { Bytes } from "./download.js";
import type { Checkpoint, EmbeddingReport, EngineReport, ModelReport, RetrieveReport, ScoreReport } from "./engine.js";
import { crashed, NotReadyError } from "./errors.js";
import { fetchManifest, findEntry } from "./manifest.js";
import { digestWith, obtain, type ModelFile, type Supply } from "./models.js";
import type { JoinParams, Loaded, LoadParams } from "./protocol.js";
import { serve, type Context, type Handlers, type Port } from "./serve.js";
import { chooseBuild, compile, start, wasmOf, type Running } from "./start.js";
import { Store } from "./store.js";
import type { ManifestEntry, ModelInfo } from "./types.js";

let running: Running | undefined;
let engine: Engine | undefined;

function loaded(): Engine {
  if (!engine) throw new NotReadyError("No models are loaded yet. Wait for load() to end.");
  return engine;
}

async function load(params: LoadParams, context: Context<"load">): Promise<Loaded> {
  const { signal, progress, breathe, transfer } = context;
  const models = new URL(params.modelsUrl);
  const manifest = await fetchManifest(models, signal);
  const { defaults } = manifest;
  const biEntry = findEntry(manifest, params.biEncoder ?? defaults.bi_encoder, "bi-encoder");
  const crossEntry = findEntry(manifest, params.crossEncoder ?? defaults.cross_encoder, "cross-encoder");

  const build = chooseBuild();
  const wasm = params.wasmUrl ? new URL(params.wasmUrl) : wasmOf(build);
  const name = wasm.pathname.slice(wasm.pathname.lastIndexOf("/") + 1);
  progress({ status: "initiate", name, file: name });
  const module = await compile(wasm, signal);
  running = await start(build, module);
  progress({ status: "done", name, file: name, source: "network" });

  const { glue } = running;
  const next = new glue.Engine();
  const { version, device }: EngineReport = next.info();
  const supply: Supply = {
    models,
    hub: new URL(params.hubUrl),
    version,
    store: params.cache ? await Store.open() : null,
    digest: digestWith(glue.sha256),
    // The glue copies the result out of the engine's memory.
    convert: (...files) => glue.convert(...files) as Bytes,
    signal,
    onProgress: progress,
  };
  const biFile = await obtain(biEntry, supply);
  const biReport: ModelReport = next.loadBiEncoder(biFile.bytes, biFile.sha256);
  await breathe();
  const crossFile = await obtain(crossEntry, supply);
  const crossReport: ModelReport = next.loadCrossEncoder(crossFile.bytes, crossFile.sha256);
  await breathe();
  engine = next;
  progress({ status: "ready", name: "tabrank" });
  const biEncoder = modelInfo(biEntry, biFile, biReport);
  const crossEncoder = modelInfo(crossEntry, crossFile, crossReport);
  const { sha256 } = crossFile;
  const others = copiesOf(crossFile.bytes, params.others).map((model): JoinParams => {
    transfer(model);
    return { build, module, model, sha256 };
  });
  return { info: { version, device, build, biEncoder, crossEncoder }, others };
}

async function join({ build, module, model, sha256 }: JoinParams): Promise<null> {
  running = await start(build, module);
  const next = new running.glue.Engine();
  next.loadCrossEncoder(new Uint8Array(model), sha256);
  engine = next;
  return null;
}

/** So many copies of a file. The file itself is one of them: nothing needs it any more once the engine has read it. */
function copiesOf(bytes: Bytes, number: number): ArrayBuffer[] {
  const whole = bytes.length === bytes.buffer.byteLength;
  return Array.from({ length: number }, (_, i) => (whole && i === number - 1 ? bytes.buffer : bytes.slice().buffer));
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
function checkpoint({ progress, breathe }: Context<"index" | "tokens" | "score" | "embed">): Checkpoint {
  let told = 0;
  return async (done, total) => {
    // The engine comes here in the middle of long texts too: then there is nothing new to tell, but there may be to hear.
    if (done > told) progress({ done, total });
    told = done;
    await breathe();
  };
}

const handlers: Handlers = {
  load,
  join,
  index: ({ documents }, context) => loaded().indexDocuments(documents, checkpoint(context)),
  openIndex: async ({ documents, index }) => {
    const lines = documents.map((document) => JSON.stringify(document)).join("\n");
    return loaded().openIndex(lines, new Uint8Array(index));
  },
  retrieve: async ({ query, pool }) => {
    const report: RetrieveReport = await loaded().retrieve(query, pool);
    const { candidates, embed_ms: embed, retrieve_ms: retrieve } = report;
    return { candidates, embed, retrieve };
  },
  tokens: ({ query, passages }, context) => loaded().tokens(query, passages, checkpoint(context)),
  score: async ({ query, passages }, context) => {
    const scores: ScoreReport[] = await loaded().score(query, passages, checkpoint(context));
    return scores.map(({ logit, truncated }) => ({ logit, truncated }));
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
  scope.postMessage({ type: "crash", error: { code: "worker-crashed", message: crashed(String(reason)) } }, []);
});

serve(scope, handlers, () => running?.memory.buffer.byteLength ?? 0);
