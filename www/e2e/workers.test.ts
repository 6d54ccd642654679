/** The package as somebody else's page uses it, without a bundler and under a strict policy: one, two and three workers. */

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type * as Tabrank from "tabrank";
import type { Info, Ranker, RerankResponse } from "tabrank";
import { FIRST_QUERY } from "../src/state";
import { native } from "./browser";
import { elsewhere } from "./elsewhere";

/** What the tests keep in the page between two steps. */
interface Kept {
  tabrank: typeof Tabrank;
  ranker: Ranker;
  workers: Worker[];
  work?: Promise<{ expected: RerankResponse; found: RerankResponse; info: Info }>;
}

declare global {
  interface Window {
    kept: Kept;
  }
}

const here = elsewhere();
let page: Page;
beforeEach(() => {
  ({ page } = here.watched);
});

/** Loads the models with so many workers, without an index, and waits until all of them are ready or lost. */
async function load(workers: number | "auto", more: { broken?: number; scoreCache?: number } = {}): Promise<Info> {
  return page.evaluate(
    async ([workers, { broken, scoreCache }]) => {
      const at = (path: string) => new URL(`/repository/${path}`, location.href);
      const { tabrank } = window.kept;
      const made: Worker[] = [];
      const worker = () => {
        const script = made.length === broken ? "pkg/dist/none.js" : "pkg/dist/worker.js";
        made.push(new Worker(at(script), { type: "module" }));
        return made.at(-1) as Worker;
      };
      const ranker = await tabrank.load({ workers, worker, build: "simd128", modelsUrl: at("models/"), scoreCache: scoreCache ?? 0 });
      window.kept = { tabrank, ranker, workers: made };
      for (;;) {
        const info = ranker.info();
        if (info.workers + info.workersLost.length === info.workersWanted) return info;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [workers, more] as const,
  );
}

/** Makes the corpus the documents of the kept ranker. */
async function fill(): Promise<void> {
  await page.evaluate(async () => {
    const corpus = await (await fetch("/repository/corpus/passages.jsonl")).text();
    const prebuilt = await (await fetch("/repository/models/index.safetensors")).arrayBuffer();
    const documents = corpus.trim().split("\n").map((line) => JSON.parse(line) as Tabrank.Document);
    await window.kept.ranker.index(documents, { prebuilt });
  });
}

/** Texts of so many passages, of very different lengths. */
const passages = (number: number): string[] =>
  Array.from({ length: number }, (_, i) => `flute number ${i} has no reed. `.repeat(1 + ((i * 7) % 23)));

describe("several workers", () => {
  it("give the command line's numbers to the bit, with any pool", async () => {
    for (const workers of [1, 2, 3]) {
      expect(await load(workers)).toMatchObject({ workers, workersWanted: workers, workersLost: [], build: "simd128" });
      await fill();
      for (const pool of [1, 7, 30]) {
        const found = await page.evaluate(
          async ([query, pool]) => {
            const ids = new Set<string>();
            let last = 0;
            const result = await window.kept.ranker.search(query, {
              pool,
              topK: pool,
              onProgress: (done) => (last = done),
              onScores: (scored) => scored.forEach(({ id }) => ids.add(id)),
            });
            return { ...result, streamed: ids.size, last };
          },
          [FIRST_QUERY, pool] as const,
        );
        const expected = await native(FIRST_QUERY, pool, pool, "simd128");
        expect(found.retrieved.map(({ id, cosine }) => ({ id, score: cosine }))).toEqual(expected.scout);
        expect(found.reranked.map(({ id, logit }) => ({ id, score: logit }))).toEqual(expected.judge);
        expect(found).toMatchObject({ scored: pool, streamed: pool, last: pool });
      }
      await page.evaluate(() => window.kept.ranker.dispose());
    }
    expect(here.watched.complaints).toEqual([]);
  });

  it("fetch engine and models once", async () => {
    const info = await load(3);
    const asked = (end: string) => here.server.requests.filter((path) => path.endsWith(end)).length;
    expect([asked("tabrank_bg.wasm"), asked("all-MiniLM-L6-v2-Q8_0.gguf"), asked("tabrank-minilm-l6-Q8_0.gguf")]).toEqual([1, 1, 1]);
    expect(info.memory).toBeGreaterThan(3 * 25e6);
    expect(here.watched.complaints).toEqual([]);
  });

  it("share a rerank of passages of very different lengths", async () => {
    const rerank = (documents: string[]) =>
      page.evaluate((documents) => window.kept.ranker.rerank({ query: "a flute", documents }), documents);
    await load(1);
    const alone = await rerank(passages(20));
    await page.evaluate(() => window.kept.ranker.dispose());
    await load(3);
    expect(await rerank(passages(20))).toEqual(alone);
  });
});

describe("a ranker that is disposed of as soon as it is loaded", () => {
  it("leaves its models to the next one", async () => {
    await load(1);
    await page.evaluate(() => window.kept.ranker.dispose());
    // The manifest is kept too, and may be before the models or after.
    const kept = () =>
      page.evaluate(async () => {
        const keys = await (await caches.open("tabrank")).keys();
        return keys.map(({ url }) => new URL(url).pathname.split("/").at(-1)).filter((name) => name?.endsWith(".gguf")).sort();
      });
    await expect.poll(kept, { timeout: 20_000 }).toEqual(["all-MiniLM-L6-v2-Q8_0.gguf", "tabrank-minilm-l6-Q8_0.gguf"]);
    // Again and again: there are ways to read a store that hang once in a while.
    for (let round = 0; round < 8; round++) {
      await load(1);
      await page.evaluate(() => window.kept.ranker.rerank({ query: "a flute", documents: ["it has no reed"] }));
      await page.evaluate(() => window.kept.ranker.dispose());
    }
    const fetched = here.server.requests.filter((path) => path.endsWith(".gguf"));
    expect(fetched).toHaveLength(2);
    expect(here.watched.complaints).toEqual([]);
  });
});

describe("known scores", () => {
  it("make a repeated query cost no scoring, and a larger pool only what is new", async () => {
    await load(2, { scoreCache: 1000 });
    await fill();
    const search = (pool: number) =>
      page.evaluate(([query, pool]) => window.kept.ranker.search(query, { pool, topK: 5 }), [FIRST_QUERY, pool] as const);
    const first = await search(6);
    // Several times, for the machine may be busy with something else once.
    const repeated = [await search(6), await search(6), await search(6)];
    const wider = await search(10);
    expect([first.scored, wider.scored]).toEqual([6, 4]);
    for (const again of repeated) expect(again).toMatchObject({ scored: 0, reranked: first.reranked });
    expect(Math.min(...repeated.map(({ timings }) => timings.rerank))).toBeLessThan(first.timings.rerank / 2);
    const expected = await native(FIRST_QUERY, 10, 5, "simd128");
    expect(wider.reranked.map(({ id, logit }) => ({ id, score: logit }))).toEqual(expected.judge);
    const { scored } = await page.evaluate(
      ([query, documents]) => window.kept.ranker.rerank({ query, documents }),
      [FIRST_QUERY, wider.retrieved.map(({ text }) => text)] as const,
    );
    expect(scored).toBe(0);
  });
});

describe("passages read before", () => {
  it("have the logits with another query that they have in a ranker which has read nothing", async () => {
    const rerank = (query: string) =>
      page.evaluate(
        async ([query, documents]) => {
          const { results, scored } = await window.kept.ranker.rerank({ query, documents });
          return { scored, logits: results.sort((a, b) => a.index - b.index).map(({ logit }) => logit) };
        },
        [query, passages(40)] as const,
      );
    const queries = ["a flute without a reed", "number 7", "a flute without a reed, number 7"];
    const all = async () => {
      const found = [];
      for (const query of queries) found.push(await rerank(query));
      await page.evaluate(() => window.kept.ranker.dispose());
      return found;
    };
    // Where no score is kept, nothing is kept of passages.
    await load(1);
    const expected = await all();
    expect(expected).toMatchObject(queries.map(() => ({ scored: 40 })));
    for (const workers of [1, 2]) {
      await load(workers, { scoreCache: 1 });
      expect(await all()).toEqual(expected);
    }
    expect(here.watched.complaints).toEqual([]);
  });
});

describe("an aborted request", () => {
  it("lets go at once, and doesn't hold up the next", async () => {
    for (const workers of [1, 2]) {
      await load(workers);
      const { released, answered, each } = await page.evaluate(async () => {
        const { ranker } = window.kept;
        const long = Array.from({ length: 200 }, (_, i) => `passage ${i} goes on and on `.repeat(100));
        const before = performance.now();
        await ranker.rerank({ query: "q", documents: long.slice(0, 2) });
        const each = (performance.now() - before) / 2;
        const controller = new AbortController();
        const work = ranker.rerank({ query: "long", documents: long, signal: controller.signal });
        await new Promise((resolve) => setTimeout(resolve, 300));
        const start = performance.now();
        controller.abort();
        await work.catch((error: Error) => {
          if (error.name !== "AbortError") throw error;
        });
        const released = performance.now() - start;
        const { results } = await ranker.rerank({ query: "short", documents: ["a", "b"] });
        if (results.length !== 2) throw new Error("not all were scored");
        return { released, answered: performance.now() - start, each };
      });
      expect(released).toBeLessThan(100);
      // The rest of the first request would have taken some two hundred times `each`.
      expect(answered).toBeLessThan(20 * each);
      await page.evaluate(() => window.kept.ranker.dispose());
    }
  });
});

describe("a worker that is lost", () => {
  it("in the middle of the work is done without", async () => {
    await load(3);
    const outcome = await page.evaluate(async (documents) => {
      const { ranker, workers } = window.kept;
      const expected = await ranker.rerank({ query: "a flute", documents });
      const work = ranker.rerank({ query: "a flute", documents });
      await new Promise((resolve) => setTimeout(resolve, 100));
      // No message of the protocol: the worker's own code throws, as it does where a browser runs out of memory.
      workers[2]?.postMessage(null);
      return { expected, found: await work, info: ranker.info() };
    }, passages(120));
    expect(outcome.found).toEqual(outcome.expected);
    expect(outcome.info).toMatchObject({ workers: 2, workersWanted: 3, workersLost: [expect.stringContaining("crashed")] });
  });

  it("without a word is done without too, as soon as it has been silent for long", async () => {
    await load(3);
    await page.evaluate(async (documents) => {
      const { ranker } = window.kept;
      const expected = await ranker.rerank({ query: "a flute", documents });
      window.kept.work = ranker.rerank({ query: "a flute", documents }).then((found) => ({ expected, found, info: ranker.info() }));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }, passages(120));
    // From inside: the page gets no event, as little as where the browser ends a worker.
    await page.workers()[2]?.evaluate("self.close()");
    const outcome = await page.evaluate(() => window.kept.work);
    expect(outcome?.found).toEqual(outcome?.expected);
    expect(outcome?.info).toMatchObject({ workers: 2, workersWanted: 3, workersLost: [expect.stringContaining("no sign of life")] });
  });

  it("at its start is done without", async () => {
    const info = await load(3, { broken: 1 });
    expect(info).toMatchObject({ workers: 2, workersWanted: 3, workersLost: [expect.stringContaining("worker.js")] });
    const { results } = await page.evaluate(() => window.kept.ranker.rerank({ query: "a flute", documents: ["a", "b", "c"] }));
    expect(results).toHaveLength(3);
  });

  it("if it is the first, is an error", async () => {
    await load(2);
    const code = await page.evaluate(async (documents) => {
      const { ranker, workers } = window.kept;
      const work = ranker.rerank({ query: "a flute", documents });
      setTimeout(() => workers[0]?.postMessage(null), 100);
      return work.then(
        () => "none",
        (error: Tabrank.TabrankError) => error.code,
      );
    }, passages(120));
    expect(code).toBe("worker-crashed");
  });
});
