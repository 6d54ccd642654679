/** `load` as far as it can go without a browser: how many workers it makes, and of what. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AbortError, BadInputError, DisposedError, load, ModelUnavailableError, type LoadOptions } from "../src/index.js";
import type { JoinParams, LoadParams } from "../src/protocol.js";
import type { Handlers } from "../src/serve.js";
import { FakeCaches } from "./caches.js";
import { engine, FakeWorker, info, joining } from "./fake-worker.js";

const entry = (id: string, role: string) => ({
  id, role, description: "", licence: "Apache-2.0", file: `${id}.gguf`, bytes: 1, sha256: null, quantization: "Q8_0",
  architecture: "bert", pooling: null, head: null, activation: null, max_tokens: 512,
});
const manifest = {
  defaults: { bi_encoder: "scout", cross_encoder: "judge" },
  models: [entry("scout", "bi-encoder"), entry("judge", "cross-encoder"), entry("second", "cross-encoder")],
};
let asked: string[];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("Worker", class {});
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    return new Response(JSON.stringify(manifest), { status: url.includes("nowhere") ? 404 : 200 });
  });
});
afterEach(() => vi.unstubAllGlobals());

/** A function that makes workers, and what they were handed. */
function factory({ fails = false } = {}) {
  const made: FakeWorker[] = [];
  const loads: LoadParams[] = [];
  const joins: JoinParams[] = [];
  const make = () => {
    const worker = new FakeWorker({
      ...engine([]),
      load: async (params) => {
        loads.push(params);
        if (fails) throw new ModelUnavailableError("not there");
        return { info, others: Array.from({ length: params.others }, joining) };
      },
      join: async (params) => {
        joins.push(params);
        return null;
      },
    });
    made.push(worker);
    return worker as unknown as Worker;
  };
  return { make, made, loads, joins };
}

const at = { modelsUrl: "https://example.org/models/" };
const ready = (ranker: { info(): { workers: number; workersWanted: number } }) =>
  vi.waitFor(() => expect(ranker.info().workers).toBe(ranker.info().workersWanted));

describe("load", () => {
  test("makes the workers that are asked for; one of them loads, the others are handed what it has", async () => {
    const { make, made, loads, joins } = factory();
    const ranker = await load({ ...at, worker: make, workers: 3 });
    await ready(ranker);
    expect(ranker.info()).toMatchObject({ workers: 3, workersWanted: 3, build: "simd128", documents: 0 });
    expect([made.length, loads.length, joins.length]).toEqual([3, 1, 2]);
    expect(loads[0]?.others).toBe(2);
    // Moved, not shared: each has one of its own.
    expect(joins.map(({ model }) => model.byteLength)).toEqual([8, 8]);
    ranker.dispose();
    expect(made.every(({ terminated }) => terminated)).toBe(true);
  });

  test("chooses by the machine", async () => {
    vi.stubGlobal("navigator", { hardwareConcurrency: 4, deviceMemory: 8 });
    const { make, made } = factory();
    const ranker = await load({ ...at, worker: make });
    await ready(ranker);
    expect(made).toHaveLength(3);
    ranker.dispose();
  });

  test("lets a single worker work alone", async () => {
    const { make, loads } = factory();
    const ranker = await load({ ...at, worker: make(), workers: 4 });
    expect(ranker.info()).toMatchObject({ workers: 1, workersWanted: 1 });
    expect(loads[0]?.others).toBe(0);
    ranker.dispose();
  });

  test("leaves the build to the worker, unless it is told, or by a wasm file of the caller's", async () => {
    const { make, loads } = factory();
    const wasmUrl = "https://example.org/engine.wasm";
    for (const more of [{}, { wasmUrl }, { build: "simd128" }] as const) (await load({ ...at, worker: make, workers: 1, ...more })).dispose();
    expect(loads.map(({ build }) => build)).toEqual(["auto", "simd128", "simd128"]);
  });

  test("hands the worker what the manifest says of the models", async () => {
    const { make, loads } = factory();
    (await load({ ...at, worker: make, workers: 1 })).dispose();
    (await load({ ...at, worker: make, workers: 1, crossEncoder: "second" })).dispose();
    const entries = loads.map(({ biEncoder, crossEncoder }) => [biEncoder, crossEncoder].map((one) => one?.from === "manifest" && one.entry));
    expect(entries).toEqual([
      [manifest.models[0], manifest.models[1]],
      [manifest.models[0], manifest.models[2]],
    ]);
    expect(asked).toEqual(Array(2).fill("https://example.org/models/manifest.json"));
  });

  test.each([
    ["without a manifest", { modelsUrl: "https://example.org/nowhere/" }, ModelUnavailableError],
    ["of a model that isn't there", { biEncoder: "third" }, BadInputError],
    ["of a model of the other role", { biEncoder: "judge" }, BadInputError],
  ])("%s ends its worker, which has been asked for nothing", async (_, more, error) => {
    const { make, made, loads } = factory();
    await expect(load({ ...at, worker: make, ...more })).rejects.toThrow(error);
    expect(made.map(({ terminated }) => terminated)).toEqual([true]);
    expect(loads).toEqual([]);
  });

  test("takes the manifest as it last was where there is no connection, and none where no model is of it", async () => {
    vi.stubGlobal("caches", new FakeCaches());
    const { make, loads } = factory();
    (await load({ ...at, worker: make, workers: 1 })).dispose();
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    (await load({ ...at, worker: make, workers: 1 })).dispose();
    expect(loads[1]).toEqual(loads[0]);
    await expect(load({ ...at, worker: make, cache: false })).rejects.toThrow(ModelUnavailableError);
    const bytes = new Uint8Array(1);
    (await load({ ...at, worker: make, workers: 1, cache: false, biEncoder: bytes, crossEncoder: "https://example.org/m.gguf" })).dispose();
    expect(loads[2]).toMatchObject({ biEncoder: { bytes }, crossEncoder: { url: "https://example.org/m.gguf" } });
  });

  test("is let go of at once while the manifest is on its way", async () => {
    vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    );
    const { make, made } = factory();
    const controller = new AbortController();
    const work = load({ ...at, worker: make, signal: controller.signal });
    const refused = expect(work).rejects.toThrow(AbortError);
    controller.abort();
    await refused;
    expect(made.map(({ terminated }) => terminated)).toEqual([true]);
  });

  test("that fails ends its worker and starts no other", async () => {
    const { make, made } = factory({ fails: true });
    await expect(load({ ...at, worker: make, workers: 3 })).rejects.toThrow(ModelUnavailableError);
    expect(made.map(({ terminated }) => terminated)).toEqual([true]);
  });

  describe("and dispose of it while the worker writes the models down", () => {
    /** A ranker, its worker, and what ends the writing. */
    async function writing(more: Partial<Handlers> = {}) {
      let end = () => {};
      const written = new Promise<void>((resolve) => (end = resolve));
      const loading: Handlers["load"] = async (_, { outlive }) => {
        outlive(written);
        outlive(Promise.reject(new Error("a failure to write is nobody's concern")));
        return { info, others: [] };
      };
      const worker = new FakeWorker({ ...engine([]), ...more, load: loading });
      const ranker = await load({ ...at, worker: worker as unknown as Worker });
      return { ranker, worker, end };
    }

    test("ends the worker when it has, and everything else at once", async () => {
      let stopped: unknown;
      const embed: Handlers["embed"] = async (_, { breathe }) => {
        while (stopped === undefined) await breathe().catch((error) => (stopped = error));
        throw stopped;
      };
      const { ranker, worker, end } = await writing({ embed });
      const work = ranker.embed(["a"], { kind: "query" });
      const refused = expect(work).rejects.toThrow(DisposedError);
      await vi.waitFor(() => expect(ranker.info().workers).toBe(1));
      ranker.dispose();
      ranker.dispose();
      await refused;
      await expect(ranker.search("q")).rejects.toThrow(DisposedError);
      await vi.waitFor(() => expect(stopped).toBeInstanceOf(AbortError));
      expect(worker.terminated).toBe(false);
      end();
      await vi.waitFor(() => expect(worker.terminated).toBe(true));
    });

    test("ends the worker at once when it has done so before", async () => {
      const { ranker, worker, end } = await writing();
      end();
      await ranker.embed(["a"], { kind: "query" });
      ranker.dispose();
      expect(worker.terminated).toBe(true);
    });

    test("doesn't wait for ever", async () => {
      const { ranker, worker } = await writing();
      vi.useFakeTimers({ toFake: ["setTimeout"] });
      try {
        ranker.dispose();
        vi.advanceTimersByTime(9_000);
        expect(worker.terminated).toBe(false);
        vi.advanceTimersByTime(2_000);
        expect(worker.terminated).toBe(true);
      } finally {
        vi.useRealTimers();
      }
    });

    test("doesn't wait for a worker that fails", async () => {
      const { ranker, worker } = await writing();
      ranker.dispose();
      worker.fail("out of memory");
      expect(worker.terminated).toBe(true);
    });
  });

  test.each([{ workers: 0 }, { workers: "many" }, { scoreCache: -1 }, { scoreCache: 1.5 }, { build: "fast" }])("refuses %o", async (bad) => {
    const { make, made } = factory();
    const work = load({ ...at, worker: make, ...bad } as LoadOptions);
    await expect(work).rejects.toThrow(BadInputError);
    await expect(work).rejects.toThrow(Object.keys(bad)[0]);
    expect(made).toEqual([]);
  });
});
