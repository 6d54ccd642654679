/** What several workers make of one request, and what becomes of it when one of them is lost. */

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import * as errors from "../src/errors.js";
import type { Handlers } from "../src/serve.js";
import { engine, FakeWorker, joining, setUp, type Begun } from "./fake-worker.js";

/** Passages of different lengths, some of them the same, so that there are ties. */
const passages = Array.from({ length: 40 }, (_, i) => "x".repeat(10 + ((i * 37) % 90)));
const request = { query: "q", documents: passages };
const expected = passages
  .map((passage, index) => ({ index, relevance_score: passage.length, logit: passage.length, truncated: false }))
  .sort((a, b) => b.logit - a.logit);

/** Helpers and what each has been asked for. */
function helpers(number: number, pace = 1): { begun: Begun[]; handlers: Handlers[] } {
  const begun: Begun[] = Array.from({ length: number }, () => []);
  return { begun, handlers: begun.map((one) => engine(one, pace)) };
}

describe("several workers", () => {
  test.each([0, 1, 2, 3])("give the same answer: %i helpers", async (number) => {
    const { handlers, begun } = helpers(number);
    const { ranker } = await setUp(1, { helpers: handlers });
    expect(ranker.info()).toMatchObject({ workers: number + 1, workersWanted: number + 1, workersLost: [] });
    const { results, scored } = await ranker.rerank(request);
    expect(results).toEqual(expected);
    expect(scored).toBe(passages.length);
    for (const one of begun) expect(one.length).toBeGreaterThan(1);
  });

  test("begin afresh each time where nothing is to be kept", async () => {
    for (const scoreCache of [0, 1]) {
      const asked: (boolean | undefined)[] = [];
      const score: Handlers["score"] = async ({ passages, afresh }) => {
        asked.push(afresh);
        return passages.map(() => ({ logit: 0, truncated: false }));
      };
      const { ranker } = await setUp(1, { scoreCache, lead: { score }, helpers: [{ ...engine([]), score }] });
      await ranker.rerank(request);
      expect(asked.length).toBeGreaterThan(1);
      expect(new Set(asked)).toEqual(new Set([scoreCache === 0]));
    }
  });

  test("sum up their memory, as of their last answers", async () => {
    const { ranker, helpers: workers } = await setUp(1, { helpers: helpers(2).handlers });
    await ranker.rerank(request);
    expect(ranker.info().memory).toBe(3000);
    workers[0]?.fail("gone");
    expect(ranker.info().memory).toBe(2000);
  });

  test("report progress that never goes back, and each score once", async () => {
    const { ranker } = await setUp(1, { helpers: helpers(2).handlers });
    const steps: number[] = [];
    const seen = new Map<number, number>();
    await ranker.rerank({
      ...request,
      onProgress: (done, total) => {
        expect(total).toBe(passages.length);
        steps.push(done);
      },
      onScores: (scored) => {
        for (const { index, logit } of scored) {
          expect(seen.has(index)).toBe(false);
          seen.set(index, logit);
        }
      },
    });
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(passages.length);
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([...passages.keys()]);
    for (const [index, logit] of seen) expect(logit).toBe(passages[index]?.length);
  });

  test("stream a search's scores by id", async () => {
    const { ranker } = await setUp(1, { helpers: helpers(1).handlers });
    await ranker.index([{ id: "a", text: "first" }, { id: "b", text: "second" }]);
    const onScores = vi.fn();
    await ranker.search("q", { onScores });
    expect(onScores.mock.calls.flat(2).sort((a, b) => a.logit - b.logit)).toEqual([
      { id: "a", logit: 5, truncated: false },
      { id: "b", logit: 6, truncated: false },
    ]);
  });

  test("take less from a slow one", async () => {
    const slow = helpers(1, 20);
    const { ranker, begun } = await setUp(1, { helpers: slow.handlers });
    await ranker.rerank(request);
    const count = (lines: Begun) => lines.join(" ").match(/x+/g)?.length ?? 0;
    expect(count(begun)).toBeGreaterThan(2 * count(slow.begun[0] ?? []));
  });

  test("that come late take part from then on", async () => {
    const late = helpers(1);
    const { ranker, crew } = await setUp(3);
    const work = ranker.rerank(request);
    await sleep(10);
    await crew.hire(() => new FakeWorker(late.handlers[0] as Handlers), joining());
    expect((await work).results).toEqual(expected);
    expect(ranker.info().workers).toBe(2);
  });

  test("are all ended by dispose, those that are still starting included", async () => {
    const { ranker, crew, worker, helpers: workers } = await setUp(10, { helpers: helpers(2).handlers });
    const starting = new FakeWorker({ ...engine([]), join: () => new Promise(() => undefined) });
    void crew.hire(() => starting, joining());
    const work = ranker.rerank(request);
    ranker.dispose();
    await expect(work).rejects.toThrow(errors.DisposedError);
    expect([worker, starting, ...workers].map(({ terminated }) => terminated)).toEqual([true, true, true, true]);
    expect(ranker.info()).toMatchObject({ workers: 0, workersLost: [], memory: 0 });
    const later = new FakeWorker(engine([]));
    await crew.hire(() => later, joining());
    expect(ranker.info().workers).toBe(0);
  });
});

describe("a helper that is lost", () => {
  const lost = async (break_: (worker: FakeWorker) => void) => {
    const { handlers } = helpers(2, 5);
    const { ranker, helpers: workers } = await setUp(5, { helpers: handlers });
    const work = ranker.rerank(request);
    await sleep(15);
    break_(workers[0] as FakeWorker);
    expect((await work).results).toEqual(expected);
    return { info: ranker.info(), ended: workers.map(({ terminated }) => terminated), ranker };
  };

  test("leaves its work to the others, and its reason in info()", async () => {
    const { info, ended, ranker } = await lost((worker) => worker.fail("out of memory"));
    expect(info).toMatchObject({ workers: 2, workersWanted: 3 });
    expect(info.workersLost).toEqual([expect.stringContaining("out of memory")]);
    expect(ended).toEqual([true, false]);
    expect((await ranker.rerank({ query: "next", documents: ["a"] })).results).toHaveLength(1);
  });

  test.each([
    ["a trap", new WebAssembly.RuntimeError("unreachable"), /unreachable/],
    ["a failure of its own", new RangeError("Array buffer allocation failed"), /allocation failed/],
  ])("to %s in a call is dropped too", async (_, error, reason) => {
    const broken: Handlers = {
      ...engine([]),
      score: async () => {
        await sleep(2);
        throw error;
      },
    };
    const { ranker, helpers: workers } = await setUp(2, { helpers: [broken, ...helpers(1).handlers] });
    expect((await ranker.rerank(request)).results).toEqual(expected);
    expect(ranker.info()).toMatchObject({ workers: 2, workersLost: [expect.stringMatching(reason)] });
    expect(workers[0]?.terminated).toBe(true);
  });

  test("at its start is done without", async () => {
    const { ranker, crew } = await setUp(1);
    await crew.hire(() => {
      throw new errors.WorkerCrashedError("no workers today");
    }, joining());
    const refuses = { ...engine([]), join: () => Promise.reject(new errors.EngineUnavailableError("no memory")) };
    await crew.hire(() => new FakeWorker(refuses), joining());
    expect((await ranker.rerank(request)).results).toEqual(expected);
    expect(ranker.info()).toMatchObject({ workers: 1, workersLost: ["no workers today", "no memory"] });
  });

  test("while it is idle is dropped at once", async () => {
    const { ranker, helpers: workers } = await setUp(1, { helpers: helpers(1).handlers });
    workers[0]?.fail("gone");
    expect(ranker.info()).toMatchObject({ workers: 1 });
    expect((await ranker.rerank(request)).results).toEqual(expected);
  });
});

describe("the lead", () => {
  test("takes everything with it when it is lost, even if only helpers are at work", async () => {
    const { ranker, worker, helpers: workers } = await setUp(5, { helpers: helpers(2, 50).handlers });
    const work = ranker.rerank(request);
    await sleep(10);
    worker.fail("out of memory");
    await expect(work).rejects.toThrow(errors.WorkerCrashedError);
    expect(workers.every(({ terminated }) => terminated)).toBe(true);
    expect(ranker.info().workers).toBe(0);
  });

  test("isn't asked again what any worker would refuse", async () => {
    const { ranker } = await setUp(1, { helpers: helpers(2).handlers });
    await expect(ranker.rerank({ ...request, query: "" })).rejects.toThrow(errors.EmptyQueryError);
    expect(ranker.info().workers).toBe(3);
    expect((await ranker.rerank(request)).results).toEqual(expected);
  });
});

describe("an aborted request", () => {
  test("is withdrawn from all workers: the next one waits for nothing but the passage that each is reading", async () => {
    const { handlers, begun } = helpers(1, 30);
    const { ranker, begun: lead } = await setUp(30, { helpers: handlers });
    const controller = new AbortController();
    const work = ranker.rerank({ ...request, query: "first", signal: controller.signal });
    await sleep(45);
    const start = performance.now();
    controller.abort();
    await expect(work).rejects.toThrow(errors.AbortError);
    expect(performance.now() - start).toBeLessThan(100);
    await ranker.rerank({ query: "second", documents: ["a", "b"] });
    // All 40 passages would take two workers 600 ms at least.
    expect(performance.now() - start).toBeLessThan(400);
    await sleep(100);
    // Of some 20 parcels, those that had been begun when the abort came, and none after it.
    for (const one of [lead, begun[0] ?? []]) {
      expect(one.filter((line) => line.startsWith("score first")).length).toBeLessThanOrEqual(2);
      expect(one.at(-1)).toMatch(/^score second/);
    }
  });

  test("keeps the scores that were there", async () => {
    const { ranker } = await setUp(5);
    const controller = new AbortController();
    const known = new Set<number>();
    const work = ranker.rerank({
      query: "q",
      documents: passages.map((passage) => passage.repeat(20)),
      signal: controller.signal,
      onScores: (scored) => {
        scored.forEach(({ index }) => known.add(index));
        controller.abort();
      },
    });
    await expect(work).rejects.toThrow(errors.AbortError);
    const again = await ranker.rerank({ query: "q", documents: passages.map((passage) => passage.repeat(20)) });
    const distinct = new Set([...known].map((index) => passages[index])).size;
    expect(distinct).toBeGreaterThan(0);
    expect(again.scored).toBeLessThanOrEqual(passages.length - distinct);
  });
});

describe("passages that are the same", () => {
  const texts = ["bb", "a", "bb", "ccc", "a", "bb"];
  const logits = [3, 2, 2, 2, 1, 1];
  const order = [3, 0, 2, 5, 1, 4];

  test.each([
    [0, 1000],
    [2, 1000],
    [0, 0],
    [2, 0],
  ])("are read once, and each has its score: %i helpers, %i scores kept", async (number, scoreCache) => {
    const { handlers, begun } = helpers(number);
    const { ranker, begun: lead } = await setUp(1, { helpers: handlers, scoreCache });
    const steps: number[][] = [];
    const onScores = vi.fn();
    const { results, scored } = await ranker.rerank({ query: "q", documents: texts, onScores, onProgress: (...step) => steps.push(step) });
    expect(scored).toBe(3);
    expect(results.map(({ index }) => index)).toEqual(order);
    expect(results.map(({ logit }) => logit)).toEqual(logits);
    const read = [lead, ...begun].flat().flatMap((line) => line.replace("score q: ", "").split(" "));
    expect(read.sort()).toEqual(["a", "bb", "ccc"]);
    expect(onScores.mock.calls.flat(2).sort((a, b) => a.index - b.index)).toEqual(
      texts.map(({ length }, index) => ({ index, logit: length, truncated: false })),
    );
    const done = steps.map(([done]) => done ?? 0);
    expect(done).toEqual([...new Set(done)].sort((a, b) => a - b));
    expect(steps.at(-1)).toEqual([6, 6]);
    const again = await ranker.rerank({ query: "q", documents: texts });
    expect(again).toMatchObject({ results, scored: scoreCache === 0 ? 3 : 0 });
  });

  test("are read once by a search too", async () => {
    const { ranker, begun } = await setUp(1);
    await ranker.index(texts.map((text, i) => ({ id: `d${i}`, text })));
    begun.length = 0;
    const onScores = vi.fn();
    const { reranked, scored } = await ranker.search("q", { topK: 6, onScores });
    expect(scored).toBe(3);
    expect(reranked.map(({ id, logit }) => [id, logit])).toEqual(order.map((index, i) => [`d${index}`, logits[i]]));
    expect(begun).toEqual(["retrieve q", "score q: bb a ccc"]);
    expect(onScores.mock.calls.flat(2).map(({ id }) => id).sort()).toEqual(texts.map((_, i) => `d${i}`));
  });
});

describe("known scores", () => {
  const documents = Array.from({ length: 6 }, (_, i) => ({ id: `d${i}`, text: `${"text".repeat(i)} ${i}` }));

  test("aren't computed again, by search or by rerank", async () => {
    const { ranker, begun } = await setUp(1, { helpers: helpers(1).handlers });
    await ranker.index(documents);
    const first = await ranker.search("q", { pool: 2 });
    const wider = await ranker.search("q", { pool: 5 });
    const again = await ranker.search("q", { pool: 5 });
    expect([first, wider, again].map(({ scored }) => scored)).toEqual([2, 3, 0]);
    expect({ ...again, timings: 0, scored: 0 }).toEqual({ ...wider, timings: 0, scored: 0 });
    const texts = documents.map(({ text }) => text);
    const { scored, results } = await ranker.rerank({ query: "q", documents: texts });
    expect(scored).toBe(1);
    expect(results.map(({ index }) => index)).toEqual([5, 4, 3, 2, 1, 0]);
    expect((await ranker.search("another", { pool: 5 })).scored).toBe(5);
    begun.length = 0;
    await ranker.rerank({ query: "q", documents: texts });
    expect(begun).toEqual([]);
  });

  test("come first, with progress", async () => {
    const { ranker } = await setUp(1);
    await ranker.rerank({ query: "q", documents: ["a", "bb"] });
    const onProgress = vi.fn();
    const onScores = vi.fn();
    await ranker.rerank({ query: "q", documents: ["ccc", "a", "bb"], onProgress, onScores });
    expect(onProgress.mock.calls).toEqual([[2, 3], [3, 3]]);
    expect(onScores.mock.calls.map(([scored]) => scored.map(({ index }: { index: number }) => index))).toEqual([[1, 2], [0]]);
  });

  test("are forgotten where none are wanted", async () => {
    const { ranker } = await setUp(1, { scoreCache: 0 });
    await ranker.rerank(request);
    expect((await ranker.rerank(request)).scored).toBe(passages.length);
  });

  test("may be fewer than a request has passages", async () => {
    const { ranker } = await setUp(1, { scoreCache: 3 });
    expect((await ranker.rerank(request)).results).toEqual(expected);
    expect((await ranker.rerank(request)).results).toEqual(expected);
  });
});
