/** Workers in this thread: the real protocol over a `MessageChannel`, with an engine that a test decides on. */

import { setTimeout as sleep } from "node:timers/promises";
import { ScoreCache } from "../src/cache.js";
import { Channel } from "../src/channel.js";
import { Crew } from "../src/crew.js";
import { evaluating } from "../src/evaluate/handlers.js";
import type { WorkerLike } from "../src/platform.js";
import type { JoinParams, LoadedInfo, Reply, Request } from "../src/protocol.js";
import { Ranker } from "../src/ranker.js";
import { serve, type Context, type Handlers, type Port } from "../src/serve.js";

/** The worker's side of the line in this thread. */
export class FakeWorker implements WorkerLike {
  terminated = false;
  /** Questions whether it is alive that it is about to answer. */
  asked = 0;
  readonly #port: MessagePort;
  readonly #inside: MessagePort;
  #gone = false;
  readonly #onError: ((event: Event) => void)[] = [];

  constructor(handlers: Handlers, memory = 1000, full = false) {
    const { port1, port2 } = new MessageChannel();
    serve(port2 as Port, handlers, { bytes: () => memory, full: () => full });
    port2.start();
    port1.start();
    port1.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      if (data.type === "pong") this.asked -= 1;
    });
    this.#port = port1;
    this.#inside = port2;
  }

  /** Says something that nobody asked. */
  say(reply: Reply): void {
    this.#inside.postMessage(reply);
  }

  postMessage(message: Request, transfer: Transferable[]): void {
    if (message.type === "ping" && !this.#gone) this.asked += 1;
    this.#port.postMessage(message, transfer);
  }

  addEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void {
    if (type === "error") this.#onError.push(listener);
    else this.#port.addEventListener(type, listener);
  }

  terminate(): void {
    this.terminated = true;
    this.die();
  }

  /** Is gone, and no event tells of it. */
  die(): void {
    this.#gone = true;
    this.asked = 0;
    this.#port.close();
  }

  /** Fails as a worker does of which the script throws outside of any call. */
  fail(message?: string): void {
    for (const listener of this.#onError) listener(Object.assign(new Event("error"), { message }));
  }
}

const modelInfo = { sha256: "", bytes: 1, layers: 6, width: 384, maxTokens: 512 };
export const info: LoadedInfo = {
  version: "0.1.0",
  device: "cpu",
  build: "simd128",
  biEncoder: { ...modelInfo, id: "scout", role: "bi-encoder", head: "mean" },
  crossEncoder: { ...modelInfo, id: "judge", role: "cross-encoder", head: "classifier" },
};

/** What a fake engine has been asked to do, in order. */
export type Begun = string[];

/**
 * An engine that finds every document, in order, and gives a passage its length as its logit. Each passage, and each of
 * three batches of anything else, takes `pace` milliseconds. Queries that start with "trap" break it.
 */
export function engine(begun: Begun, pace = 1): Handlers {
  let known: string[] = [];
  const work = async (name: string, { progress, breathe }: Context<"index" | "embed">) => {
    begun.push(name);
    for (let done = 1; done <= 3; done++) {
      await sleep(pace);
      progress({ done, total: 3 });
      await breathe();
    }
  };
  return {
    load: async () => ({ info, others: [] }),
    join: async () => null,
    index: async ({ documents }, context) => {
      await work("index", context);
      known = documents.map(({ id }) => id);
      return known.length;
    },
    openIndex: async ({ documents, index }) => {
      begun.push(`openIndex of ${index.byteLength} bytes`);
      known = documents.map(({ id }) => id);
      return known.length;
    },
    retrieve: async ({ query, pool, finder }) => {
      if (query === "") throw Object.assign(new Error("the query is empty."), { code: "empty-query" });
      if (query === "trap in retrieve") throw new WebAssembly.RuntimeError("unreachable");
      begun.push(`retrieve ${query}${finder.kind === "dense" ? "" : ` by ${JSON.stringify(finder)}`}`);
      await sleep(pace);
      const words = finder.kind === "dense" ? {} : { bm25: 7 };
      const candidates = known.slice(0, pool).map((id, i) => ({ id, score: 1 - i / 10, cosine: 1 - i / 10, tokens: 100, ...words }));
      return { candidates, embed: 1, retrieve: 1 };
    },
    exportIndex: async () => new ArrayBuffer(known.length),
    tokens: async ({ passages }) => Uint32Array.from(passages, (passage) => passage.length),
    score: async ({ query, passages }, { progress, breathe }) => {
      begun.push(`score ${query}: ${passages.join(" ")}`);
      if (query === "") throw Object.assign(new Error("the query is empty."), { code: "empty-query" });
      if (query === "trap in score") throw new WebAssembly.RuntimeError("unreachable");
      for (let done = 1; done <= passages.length; done++) {
        await sleep(pace);
        progress({ done, total: passages.length });
        await breathe();
      }
      return passages.map((passage) => ({ logit: passage.length, truncated: false }));
    },
    embed: async ({ texts, kind }, context) => {
      await work(`embed ${kind}`, context);
      return texts.map((text) => Float32Array.of(text.length));
    },
    open: async () => null,
    ...evaluating(() => {
      throw new Error("This engine is a fake.");
    }),
  };
}

/** What a helper is handed; fake ones look at none of it. */
export function joining(): JoinParams {
  return { build: "simd128", module: {} as WebAssembly.Module, model: new ArrayBuffer(8), sha256: "" };
}

/** A ranker with one worker, or with as many helpers besides as engines are given. */
export async function setUp(pace = 1, { helpers = [] as Handlers[], scoreCache = 1000, lead = {} as Partial<Handlers>, full = false, known = info } = {}) {
  const begun: Begun = [];
  const worker = new FakeWorker({ ...engine(begun, pace), ...lead }, 1000, full);
  const crew = new Crew(new Channel(worker), 1 + helpers.length);
  const helperWorkers = helpers.map((handlers) => new FakeWorker(handlers));
  await Promise.all(helperWorkers.map((helper) => crew.hire(() => helper, joining())));
  const ranker = new Ranker<unknown>(crew, known, new ScoreCache(scoreCache));
  return { worker, helpers: helperWorkers, crew, ranker, begun };
}
