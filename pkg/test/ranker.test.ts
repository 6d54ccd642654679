import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import * as errors from "../src/errors.js";
import type { Document } from "../src/types.js";
import { setUp } from "./fake-worker.js";

const documents: Document[] = [
  { id: "a", text: "first", metadata: { page: 1 } },
  { id: "b", text: "second" },
  { id: "c", text: "third" },
];

describe("search", () => {
  test("joins hits with texts and metadata", async () => {
    const { ranker } = await setUp();
    expect(await ranker.index(documents)).toBe(3);
    expect(ranker.info().documents).toBe(3);
    const onProgress = vi.fn();
    const { retrieved, reranked } = await ranker.search("q", { pool: 2, topK: 1, onProgress });
    expect(retrieved).toEqual([
      { id: "a", rank: 1, score: 1, cosine: 1, text: "first", metadata: { page: 1 } },
      { id: "b", rank: 2, score: 0.9, cosine: 0.9, text: "second" },
    ]);
    expect(reranked).toEqual([{ id: "b", rank: 1, previousRank: 2, logit: 6, truncated: false, text: "second" }]);
    expect(onProgress.mock.calls).toEqual([[1, 2], [2, 2]]);
  });

  test("gives ids and metadata back as they were given, even what can't be sent to a worker", async () => {
    const { ranker } = await setUp();
    const document = { id: "half \ud83d", text: "x\ude00", metadata: () => "a function" };
    await ranker.index([document]);
    const { retrieved } = await ranker.search("q", { pool: 1e12 });
    expect(retrieved[0]).toMatchObject(document);
  });

  test("answers from the documents that were there when its turn came", async () => {
    const { ranker } = await setUp();
    await ranker.index(documents);
    const before = ranker.search("before");
    const replaced = ranker.index([{ id: "z", text: "new" }]);
    const after = ranker.search("after");
    expect((await before).retrieved.map(({ text }) => text)).toEqual(["first", "second", "third"]);
    await replaced;
    expect((await after).retrieved.map(({ text }) => text)).toEqual(["new"]);
  });

  test("refuses an empty query as the engine does", async () => {
    await expect((await setUp()).ranker.search("")).rejects.toThrow(errors.EmptyQueryError);
  });

  test.each([{ pool: 0 }, { pool: 2.5 }, { topK: -1 }, { topK: Number.NaN }])("refuses %o, by name", async (options) => {
    const { ranker, begun } = await setUp();
    const work = ranker.search("q", options);
    await expect(work).rejects.toThrow(errors.BadInputError);
    await expect(work).rejects.toThrow(Object.keys(options)[0]);
    expect(begun).toEqual([]);
  });
});

describe("index", () => {
  test("takes a prebuilt one and leaves the caller's bytes alone", async () => {
    const { ranker, begun } = await setUp();
    const prebuilt = new ArrayBuffer(16);
    expect(await ranker.index(documents, { prebuilt })).toBe(3);
    expect(begun).toEqual(["openIndex of 16 bytes"]);
    expect(prebuilt.byteLength).toBe(16);
  });

  test("refuses a prebuilt one that isn't bytes", async () => {
    const prebuilt = "bytes" as unknown as ArrayBuffer;
    await expect((await setUp()).ranker.index(documents, { prebuilt })).rejects.toThrow(/prebuilt/);
  });

  test("aborted, leaves the earlier documents", async () => {
    const { ranker } = await setUp();
    await ranker.index(documents);
    const controller = new AbortController();
    const work = ranker.index([{ id: "z", text: "new" }], { signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toThrow(errors.AbortError);
    expect((await ranker.search("q")).retrieved).toHaveLength(3);
  });

  test("aborted too late for the worker, still joins with the documents that the worker has", async () => {
    const { ranker } = await setUp();
    await ranker.index(documents);
    const controller = new AbortController();
    // The prebuilt path has no batches: once begun it isn't stopped.
    const work = ranker.index([{ id: "z", text: "new" }], { prebuilt: new ArrayBuffer(1), signal: controller.signal });
    const next = ranker.search("q");
    await Promise.resolve().then(() => setImmediate(() => controller.abort()));
    await work.catch(() => undefined);
    const { length } = (await next).retrieved;
    expect(length).toBe(ranker.info().documents);
  });
});

describe("rerank", () => {
  const request = { query: "q", documents: ["aa", { text: "a", metadata: 7 }, "aaa"] };

  test("answers in the manner of hosted rerankers, with the logit", async () => {
    const { results, activation, model } = await (await setUp()).ranker.rerank({ ...request, top_n: 2 });
    expect(results).toEqual([
      { index: 2, relevance_score: 3, logit: 3, truncated: false },
      { index: 0, relevance_score: 2, logit: 2, truncated: false },
    ]);
    expect({ activation, model }).toEqual({ activation: "identity", model: "judge" });
  });

  test("gives documents back, and the sigmoid, on request", async () => {
    const all = { ...request, return_documents: true, activation: "sigmoid" } as const;
    const { results } = await (await setUp()).ranker.rerank(all);
    expect(results.at(-1)).toMatchObject({ document: { text: "a", metadata: 7 }, logit: 1 });
    expect(results[0]?.relevance_score).toBeCloseTo(1 / (1 + Math.exp(-3)), 12);
  });

  test("of nothing is nothing, without the worker", async () => {
    const { ranker, begun } = await setUp();
    expect((await ranker.rerank({ query: "q", documents: [] })).results).toEqual([]);
    expect(begun).toEqual([]);
    ranker.dispose();
    await expect(ranker.rerank({ query: "q", documents: [] })).rejects.toThrow(errors.DisposedError);
  });

  test.each([
    [{ ...request, top_n: 0 }, /top_n/],
    [{ ...request, documents: ["a", null] }, /documents\[1\]/],
    [{ ...request, query: undefined }, /query/],
    [{ ...request, activation: "softmax" }, /activation/],
  ])("refuses %o", async (bad, message) => {
    const work = (await setUp()).ranker.rerank(bad as unknown as typeof request);
    await expect(work).rejects.toThrow(errors.BadInputError);
    await expect(work).rejects.toThrow(message);
  });
});

describe("embed", () => {
  test("gives a vector for each text", async () => {
    const { ranker, begun } = await setUp();
    expect(await ranker.embed(["a", "bb"], { kind: "query" })).toEqual([Float32Array.of(1), Float32Array.of(2)]);
    expect(begun).toEqual(["embed query"]);
  });
  test("refuses another kind", async () => {
    const options = { kind: "passage" } as unknown as { kind: "query" };
    await expect((await setUp()).ranker.embed(["a"], options)).rejects.toThrow(/kind/);
  });
});

describe("calls", () => {
  test("made at once are taken one at a time, in order, and all answered", async () => {
    const { ranker, begun } = await setUp();
    await ranker.index(documents);
    const ended: string[] = [];
    const note = (name: string) => () => ended.push(name);
    await Promise.all([
      ranker.search("one").then(note("one")),
      ranker.rerank({ query: "two", documents: ["x"] }).then(note("two")),
      ranker.search("three").then(note("three")),
    ]);
    expect(ended).toEqual(["one", "two", "three"]);
    const all = "first second third";
    const order = ["index", "retrieve one", `score one: ${all}`, "score two: x", "retrieve three", `score three: ${all}`];
    expect(begun).toEqual(order);
  });

  test("that wait and are aborted are never begun", async () => {
    const { ranker, begun } = await setUp(5);
    const controller = new AbortController();
    const first = ranker.search("first");
    const waiting = ranker.search("waiting", { signal: controller.signal });
    const last = ranker.search("last");
    controller.abort("changed my mind");
    await expect(waiting).rejects.toMatchObject({ name: "AbortError", code: "aborted", cause: "changed my mind" });
    await Promise.all([first, last]);
    expect(begun).toEqual(["retrieve first", "retrieve last"]);
  });

  test("under way are let go of at once, though a batch goes on, and the next one is answered", async () => {
    const { ranker } = await setUp(300);
    const controller = new AbortController();
    const work = ranker.rerank({ query: "slow", documents: ["a", "b"], signal: controller.signal });
    await sleep(50);
    const start = performance.now();
    controller.abort();
    await expect(work).rejects.toThrow(errors.AbortError);
    expect(performance.now() - start).toBeLessThan(100);
    expect((await ranker.rerank({ query: "next", documents: ["a"] })).results).toHaveLength(1);
  });

  test("with a signal that has fired already are never sent", async () => {
    const { ranker, begun } = await setUp();
    await expect(ranker.search("q", { signal: AbortSignal.abort() })).rejects.toThrow(errors.AbortError);
    expect(begun).toEqual([]);
  });

  test("that failed don't hold up the next", async () => {
    const { ranker } = await setUp();
    const [bad, good] = await Promise.allSettled([ranker.search(""), ranker.search("q")]);
    expect([bad.status, good.status]).toEqual(["rejected", "fulfilled"]);
  });

  test("leave no listener on a signal that is used again and again", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    const { ranker } = await setUp();
    await ranker.search("q", { signal });
    await ranker.search("", { signal }).catch(() => undefined);
    expect(add.mock.calls.length).toBeGreaterThan(0);
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
  });
});

describe("the end", () => {
  test("dispose ends the worker and rejects what is under way and what comes later", async () => {
    const { ranker, worker } = await setUp(50);
    const work = [ranker.search("one"), ranker.search("two")];
    ranker.dispose();
    for (const one of work) await expect(one).rejects.toThrow(errors.DisposedError);
    expect(worker.terminated).toBe(true);
    await expect(ranker.search("three")).rejects.toThrow(errors.DisposedError);
    expect(() => ranker.dispose()).not.toThrow();
  });

  test.each([
    ["out of memory", /out of memory/],
    [undefined, /worker\.js.*Firefox 114/],
  ])("a worker that fails with %s rejects everything", async (message, expected) => {
    const { ranker, worker } = await setUp(50);
    const work = ranker.search("one");
    worker.fail(message);
    await expect(work).rejects.toThrow(errors.WorkerCrashedError);
    await expect(work).rejects.toThrow(expected);
    await expect(ranker.search("two")).rejects.toThrow(errors.WorkerCrashedError);
    expect(worker.terminated).toBe(true);
  });

  test.each(["trap in retrieve", "trap in score"])("a %s is the end of the only worker", async (query) => {
    const { ranker, worker } = await setUp();
    await ranker.index(documents);
    const [one, two] = await Promise.allSettled([ranker.search(query), ranker.search("q")]);
    for (const { status, reason } of [one, two] as PromiseRejectedResult[]) {
      expect(status).toBe("rejected");
      expect(reason).toBeInstanceOf(errors.WorkerCrashedError);
    }
    expect(worker.terminated).toBe(true);
  });
});
