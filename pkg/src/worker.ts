/**
 * A worker: owns an engine and does all computing. The first of a ranker's workers loads both models and holds the index;
 * the others are handed a compiled engine and a cross-encoder, and only score. The page talks to it through `channel.ts`.
 */

import type { Engine } from "../wasm/tabrank.js";
import { fileName } from "./address.js";
import { patience } from "./ask.js";
import { chooseBuild } from "./build.js";
import type { Checkpoint, EmbeddingReport, EngineReport, ModelReport, RetrieveReport, ScoreReport } from "./engine.js";
import { crashed, NotReadyError } from "./errors.js";
import { evaluating } from "./evaluate/handlers.js";
import { Gpu, isGpuFault, type Trial } from "./gpu.js";
import { obtain } from "./models.js";
import { roughTokens } from "./parcels.js";
import type { JoinParams, Loaded, LoadParams, ModelRequest } from "./protocol.js";
import { digestWith } from "./room.js";
import { ConvertingRoom, EngineRoom } from "./rooms.js";
import { nextTask, serve, type Context, type Handlers, type Port } from "./serve.js";
import { Lending } from "./shared.js";
import { compile, start, wasmOf, type Running } from "./start.js";
import { Store } from "./store.js";
import type { ModelFile, Supply } from "./supply.js";
import type { Build, ModelInfo } from "./types.js";

/** Milliseconds without a call after which the GPU's trial may go on. */
const QUIET = 200;

let running: Running | undefined;
let engine: Engine | undefined;
let gpu: Gpu | undefined;

function loaded(): Engine {
  if (!engine) throw new NotReadyError("No models are loaded yet. Wait for load() to end.");
  return engine;
}

async function load(params: LoadParams, context: Context<"load">): Promise<Loaded> {
  const { signal, progress, transfer, outlive, quiet } = context;
  const { biEncoder: biRequest, crossEncoder: crossRequest } = params;
  const build = chooseBuild(params.build);
  const tried = new Gpu(params.device, 1 + params.others, (info) => scope.postMessage({ type: "gpu", info }, []));
  const files: Trial["files"] = { biEncoder: null, crossEncoder: null };
  // The engine starts while the models are on their way; who needs it first waits for it.
  const starting = startEngine(build, params.wasmUrl, context);
  // Who waits for it gets its error, but that may be later than now, or never.
  starting.catch(() => {});
  const store = params.cache ? await Store.open() : null;
  const digest = digestWith(async (bytes) => {
    // The bytes may lie in the engine's memory, which moves when it grows, as it does to take what it is given.
    const own = bytes.slice();
    return (await starting).glue.sha256(own);
  });
  const supply: Supply = {
    models: new URL(params.modelsUrl),
    hub: new URL(params.hubUrl),
    store,
    digest,
    makeRoom: async (bytes) => new EngineRoom(new (await starting).glue.FileBuffer(bytes), digest),
    makeConverter: async (texts, extras) => new ConvertingRoom(new (await starting).glue.Converter(texts, extras), digest),
    patience,
    signal,
    onProgress: progress,
  };
  const lending = new Lending(biRequest, crossRequest);
  const bi = async (): Promise<ModelInfo | null> => {
    if (!biRequest) return null;
    const file = await failed(obtain(biRequest, supply), async () => lending.giveUp());
    lending.give(file);
    const { next } = await starting;
    if (tried.hopeful) files.biEncoder = file.room.view().slice();
    const report: ModelReport = next.loadBiEncoder(bufferOf(file), file.sha256);
    return modelInfo(biRequest, file, report);
  };
  const cross = async () => {
    const file = await obtain(crossRequest, supply, lending.known);
    const { next, module } = await starting;
    const { sha256 } = file;
    // The engine takes the file for itself, so the copies come first.
    const others = Array.from({ length: params.others }, (): JoinParams => {
      const model = file.room.view().slice().buffer;
      transfer(model);
      return { build, module, model, sha256 };
    });
    if (tried.hopeful) files.crossEncoder = file.room.view().slice();
    const report: ModelReport = next.loadCrossEncoder(bufferOf(file), sha256);
    return { info: modelInfo(crossRequest, file, report), others };
  };
  const [started, biEncoder, { info: crossEncoder, others }] = await failed(Promise.all([starting, bi(), cross()]), async () => {
    // The page ends a worker that failed, but what is verified needn't be fetched again.
    if (!signal.aborted) await store?.flush();
  });
  await context.breathe();
  const { next, version, device } = started;
  engine = next;
  gpu = tried;
  if (store) outlive(store.flush());
  const key = new URL("tabrank-gpu.json", params.modelsUrl);
  for (const part of [version, build, biEncoder?.sha256 ?? "", crossEncoder.sha256]) key.searchParams.append("of", part);
  // Where nobody waits for it, it is in nobody's way.
  const insisted = params.device === "webgpu";
  const breathe = insisted ? nextTask : () => quiet(QUIET);
  const trial = gpu.start({ running: started.running, engine, files, store, key, breathe });
  if (insisted) await trial;
  progress({ status: "ready", name: "tabrank" });
  return { info: { version, device, build, biEncoder, crossEncoder }, others };
}

/** Fetches and starts the engine. */
async function startEngine(build: Build, url: string | undefined, { signal, progress }: Context<"load">) {
  const wasm = url ? new URL(url) : wasmOf(build);
  const name = fileName(wasm);
  progress({ status: "initiate", name, file: name });
  const module = await compile(wasm, signal);
  running = await start(build, module, wasm);
  progress({ status: "done", name, file: name, source: "network" });
  const { glue } = running;
  const next = new glue.Engine();
  const { version, device }: EngineReport = next.info();
  return { glue, module, next, running, version, device };
}

/** Does something before a failure goes on its way. */
async function failed<T>(work: Promise<T>, first: () => Promise<void>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await first();
    throw error;
  }
}

async function join({ build, module, model, sha256 }: JoinParams): Promise<null> {
  running = await start(build, module);
  const { glue } = running;
  const next = new glue.Engine();
  const file = new glue.FileBuffer(model.byteLength);
  file.append(new Uint8Array(model));
  // Frees the memory at once. Browsers too old for it do so when they come to it.
  (model as { transfer?(length: number): ArrayBuffer }).transfer?.(0);
  next.loadCrossEncoder(file, sha256);
  engine = next;
  return null;
}

/** All rooms for models are made by the engine. */
function bufferOf({ room }: ModelFile) {
  return (room as EngineRoom).buffer;
}

function modelInfo({ id }: ModelRequest, file: ModelFile, report: ModelReport): ModelInfo {
  return {
    id,
    role: report.role,
    sha256: file.sha256,
    bytes: file.bytes,
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

/** Does something with texts on the device that suits them. */
function either<T>(texts: readonly string[], work: (onGpu: boolean) => Promise<T>): Promise<T> {
  const tokens = texts.reduce((sum, text) => sum + roughTokens("", text), 0);
  return gpu ? gpu.either(tokens, work) : work(false);
}

const handlers: Handlers = {
  load,
  join,
  index: ({ documents }, context) => {
    const check = checkpoint(context);
    return either(documents.map(({ text }) => text), (onGpu) => loaded().indexDocuments(documents, onGpu, check));
  },
  openIndex: async ({ documents, index }) => {
    const lines = documents.map((document) => JSON.stringify(document)).join("\n");
    return loaded().openIndex(lines, new Uint8Array(index));
  },
  retrieve: async ({ query, pool, finder }) => {
    const report: RetrieveReport = await either([query], (onGpu) => loaded().retrieve(query, pool, finder, onGpu));
    const { candidates, embed_ms: embed, retrieve_ms: retrieve } = report;
    return { candidates: candidates.map(({ bm25, ...one }) => (bm25 === null ? one : { ...one, bm25 })), embed, retrieve };
  },
  exportIndex: async (_, { transfer }) => {
    // Alone in a buffer of its own: it is moved to the page.
    const { buffer } = loaded().exportIndex() as Uint8Array<ArrayBuffer>;
    transfer(buffer);
    return buffer;
  },
  tokens: ({ query, passages }, context) => loaded().tokens(query, passages, checkpoint(context)),
  score: async ({ query, passages, gpu: onGpu = false, afresh = false }, context) => {
    try {
      if (afresh) loaded().forget();
      const scores: ScoreReport[] = await loaded().score(query, passages, onGpu, checkpoint(context));
      return scores.map(({ logit, truncated }) => ({ logit, truncated }));
    } catch (error) {
      // The page deals the work anew, to all workers.
      if (isGpuFault(error)) gpu?.fail(error);
      throw error;
    }
  },
  embed: async ({ texts, kind }, context) => {
    const check = checkpoint(context);
    const embedded: EmbeddingReport[] = await either(texts, (onGpu) => loaded().embed(texts, kind, onGpu, check));
    return embedded.map(({ vector }) => vector);
  },
  open: async ({ wasmUrl }, { signal }) => {
    const wasm = wasmUrl ? new URL(wasmUrl) : wasmOf("simd128");
    running = await start("simd128", await compile(wasm, signal), wasm);
    return null;
  },
  ...evaluating(() => {
    if (!running) throw new NotReadyError("The engine is not started yet.");
    return running.glue;
  }),
};

// The declarations for pages make `self` a window; here it is the scope of a dedicated worker.
const scope = self as unknown as Port & Pick<Window, "addEventListener">;

// A trap in a task of the engine's own rejects no call. Without this, the page would wait for ever.
scope.addEventListener("unhandledrejection", ({ reason }: PromiseRejectionEvent) => {
  crash(String(reason));
});
// Nor would a call that didn't come through, for want of memory or because the browser doesn't hand on compiled modules.
scope.addEventListener("messageerror", () => crash("unreadable message"));

function crash(reason: string): void {
  scope.postMessage({ type: "crash", error: { code: "worker-crashed", message: crashed(reason) } }, []);
}

/** Pages of 64 KB that an engine is asked to grow by, to see whether it can: as many as a batch needs. */
const MORE = 256;

serve(scope, handlers, {
  bytes: () => running?.memory.buffer.byteLength ?? 0,
  full: () => {
    try {
      running?.memory.grow(MORE);
      return false;
    } catch {
      return true;
    }
  },
});
