/** Workers that die without a word, and workers that only seem to. */

import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Channel, patience } from "../src/channel.js";
import * as errors from "../src/errors.js";
import type { Handlers } from "../src/serve.js";
import { engine, FakeWorker, setUp } from "./fake-worker.js";

// The page's timers go when the test says so; workers compute, and messages travel, meanwhile.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** So many seconds for the page. What it asks of these workers is answered in time, however busy this machine is. */
async function seconds(number: number, ...workers: FakeWorker[]): Promise<void> {
  for (let i = 0; i < number; i++) {
    await setImmediate();
    vi.advanceTimersByTime(1000);
    while (workers.some(({ asked }) => asked > 0)) await setImmediate();
  }
}

const documents = Array.from({ length: 40 }, (_, i) => "x".repeat(10 + i));

/** An engine that never comes to an end with any passage, but breathes. `onScore` is called when it begins. */
const endless = (onScore?: () => void): Handlers => ({
  ...engine([]),
  score: () => {
    onScore?.();
    return new Promise(() => undefined);
  },
});

test("a helper that died without a word leaves its work to the others", async () => {
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const { ranker, worker, helpers } = await setUp(1, { helpers: [endless(begin), engine([])] });
  const work = ranker.rerank({ query: "q", documents });
  await begun;
  await seconds(1, worker, ...helpers);
  helpers[0]?.die();
  await seconds(patience.helper, worker, ...helpers);
  expect(ranker.info().workers).toBe(3);
  await seconds(1, worker, ...helpers);
  expect((await work).results.map(({ logit }) => logit)).toEqual(documents.map(({ length }) => length).reverse());
  expect(ranker.info()).toMatchObject({ workers: 2, workersLost: [expect.stringContaining("no sign of life")] });
  expect(helpers.map(({ terminated }) => terminated)).toEqual([true, false]);
  expect((await ranker.rerank({ query: "next", documents })).scored).toBe(documents.length);
});

test("a lead that died without a word is an error that says what to do, whatever it was asked", async () => {
  for (const ask of [{ query: "retrieve" }, { query: "rerank", documents: ["a"] }]) {
    const { ranker, worker, helpers } = await setUp(1, { helpers: [engine([])] });
    await ranker.index([{ id: "a", text: "a" }]);
    worker.die();
    const work = ask.documents ? ranker.rerank(ask) : ranker.search(ask.query);
    const outcome = expect(work).rejects.toThrow(/no sign of life for 60 seconds.*load a new one/);
    await seconds(patience.lead + 1, ...helpers);
    await outcome;
    await expect(work).rejects.toThrow(errors.WorkerCrashedError);
    expect(worker.terminated).toBe(true);
  }
});

test("a worker that takes long, but breathes, is waited for", async () => {
  const { ranker, worker, helpers } = await setUp(1, { helpers: [endless()] });
  const controller = new AbortController();
  const work = ranker.rerank({ query: "q", documents, signal: controller.signal });
  await seconds(4 * patience.helper, worker, ...helpers);
  expect(ranker.info()).toMatchObject({ workers: 2, workersLost: [] });
  expect(helpers[0]?.terminated).toBe(false);
  controller.abort();
  await expect(work).rejects.toThrow(errors.AbortError);
});

test("a worker that has missed some questions, and then answers, begins anew", async () => {
  let silent = false;
  class Deaf extends FakeWorker {
    override postMessage(...message: Parameters<FakeWorker["postMessage"]>): void {
      if (!silent) super.postMessage(...message);
    }
  }
  const worker = new Deaf(endless());
  const channel = new Channel(worker, 5);
  await channel.call("retrieve", { query: "q", pool: 1, finder: { kind: "dense" } });
  const work = expect(channel.call("score", { query: "q", passages: ["a"] })).rejects.toThrow(/5 seconds/);
  for (let i = 0; i < 3; i++) {
    silent = true;
    await seconds(4, worker);
    silent = false;
    await seconds(1, worker);
  }
  expect(channel.closed).toBeUndefined();
  silent = true;
  await seconds(6, worker);
  await work;
});

test("a worker of which nothing was heard yet may still be on its way", async () => {
  const messages: unknown[] = [];
  const worker = { postMessage: (message: unknown) => void messages.push(message), addEventListener: () => undefined, terminate: vi.fn() };
  const channel = new Channel(worker, 5);
  const work = expect(channel.call("embed", { texts: [], kind: "query" })).rejects.toThrow(errors.DisposedError);
  await seconds(50);
  expect(messages).toHaveLength(1);
  expect(worker.terminate).not.toHaveBeenCalled();
  channel.dispose();
  await work;
});

test("nothing is asked where nothing is expected", async () => {
  const { ranker, helpers } = await setUp(1, { helpers: [engine([])] });
  await ranker.rerank({ query: "q", documents });
  expect(vi.getTimerCount()).toBe(0);
  void ranker.rerank({ query: "q", documents: ["other"] }).catch(() => undefined);
  await sleep(0);
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  ranker.dispose();
  expect(vi.getTimerCount()).toBe(0);
  expect(helpers[0]?.terminated).toBe(true);
});
