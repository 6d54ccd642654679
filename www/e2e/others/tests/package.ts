/** Tests of the package in a page of somebody else's, under a policy as strict as can be. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Build, Info, SearchResult, TabrankError } from "tabrank";
import { FIRST_QUERY } from "../../../src/state";
import { repository } from "../../browser";
import { serve } from "../../server";
import { expected, modelsKept } from "../answers";
import { expectQuiet, serving, type Here } from "../setting";
import type { Tab } from "../driver/tab";

/** Workers are bound by the policy that comes with their own script, so it goes with every file. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

const POOL = 12;

/** Loads the models, with the corpus as documents, and waits until all workers are ready or lost. */
function load({ tab }: Here, build: Build, workers: number): Promise<Info> {
  return tab.evaluate(
    async (build, workers) => {
      const at = (path: string) => new URL(`/repository/${path}`, location.href);
      const { tabrank } = window.kept;
      const made: Worker[] = [];
      const worker = () => {
        made.push(new Worker(at("pkg/dist/worker.js"), { type: "module" }));
        return made.at(-1) as Worker;
      };
      const ranker = await tabrank.load({ build, workers, worker, modelsUrl: at("models/"), scoreCache: 0 });
      window.kept = { tabrank, ranker, workers: made };
      const lines = (await (await fetch(at("corpus/passages.jsonl"))).text()).trim().split("\n");
      const prebuilt = await (await fetch(at("models/index.safetensors"))).arrayBuffer();
      await ranker.index(lines.map((line) => JSON.parse(line) as { id: string; text: string }), { prebuilt });
      for (;;) {
        const info = ranker.info();
        if (info.workers + info.workersLost.length === info.workersWanted) return info;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    build,
    workers,
  );
}

const search = ({ tab }: Here): Promise<SearchResult> =>
  tab.evaluate((query, pool) => window.kept.ranker.search(query, { pool, topK: pool }), FIRST_QUERY, POOL);

async function expectNative(found: SearchResult, build: Build): Promise<void> {
  const { scout, judge } = await expected(FIRST_QUERY, POOL, POOL, build);
  expect(found.retrieved.map(({ id, cosine }) => ({ id, score: cosine }))).toEqual(scout);
  expect(found.reranked.map(({ id, logit }) => ({ id, score: logit }))).toEqual(judge);
}

/** Defines them, for the browser that there will be. */
export function testPackage(here: Here): void {
  serving(here, () => serve(repository, "/repository/", undefined, { "Content-Security-Policy": POLICY }));

  beforeEach(async () => {
    await here.tab.open(`${here.server.url}www/e2e/plain.html`);
    await here.tab.until("the package has been imported", () => "kept" in window);
  });

  describe("the build simd128", () => {
    it("gives the command line's numbers to the bit with three workers and with one, and fetches the models once", async () => {
      const { server, tab } = here;
      for (const workers of [3, 1]) {
        const info = await load(here, "simd128", workers);
        expect(info).toMatchObject({ workers, workersLost: [], build: "simd128", device: expect.stringMatching(/^cpu.*simd128/) });
        await expectNative(await search(here), "simd128");
        if (workers === 3) {
          await expectAbortable(tab);
          await expectQuiet(here);
          await expectWorkersReplaceable(tab);
        }
        await tab.evaluate(() => window.kept.ranker.dispose());
        // What is disposed of goes on writing for a moment.
        await expect.poll(() => modelsKept(tab), { timeout: 20_000 }).toBe(2);
      }
      expect(server.requests.filter((path) => path.endsWith(".gguf"))).toHaveLength(2);
    });
  });

  describe("the build relaxed-simd", () => {
    it("gives the command line's numbers to the bit, or is refused by name where WebAssembly lacks relaxed SIMD", async () => {
      const refused = await load(here, "relaxed-simd", 2).then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (refused !== undefined) {
        expect(refused).toContain("This browser's WebAssembly lacks relaxed SIMD");
        expect(here.server.requests.filter((path) => /\.(wasm|gguf)$/.test(path))).toEqual([]);
        console.log(`${here.browser.name} has no relaxed SIMD: the build was refused by name, and nothing was fetched.`);
        return;
      }
      await expectNative(await search(here), "relaxed-simd");
      await expectQuiet(here);
    });
  });
}

/** An aborted request lets go at once, and doesn't hold up the next. */
async function expectAbortable(tab: Tab): Promise<void> {
  const { released, answered, each } = await tab.evaluate(async () => {
    const { ranker } = window.kept;
    const long = Array.from({ length: 200 }, (_, i) => `passage ${i} goes on and on `.repeat(60));
    const before = performance.now();
    await ranker.rerank({ query: "q", documents: long.slice(0, 1) });
    const each = performance.now() - before;
    const controller = new AbortController();
    const work = ranker.rerank({ query: "long", documents: long, signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const start = performance.now();
    controller.abort();
    const outcome = await work.then(
      () => "finished",
      (error: Error) => error.name,
    );
    const released = performance.now() - start;
    if (outcome !== "AbortError") throw new Error(`the request ended with ${outcome}`);
    const { results } = await ranker.rerank({ query: "short", documents: ["a", "b"] });
    if (results.length !== 2) throw new Error("not all were scored");
    return { released, answered: performance.now() - start, each };
  });
  expect(released).toBeLessThan(100);
  // The rest of the request would have taken some seventy times `each`, with three workers on cores of their own.
  expect(answered).toBeLessThan(20 * each);
}

/** A worker that is lost is done without, unless it is the first, which holds the models. */
async function expectWorkersReplaceable(tab: Tab): Promise<void> {
  const passages = Array.from({ length: 60 }, (_, i) => `flute number ${i} has no reed. `.repeat(1 + ((i * 7) % 23)));
  const { before, after, workersLost, code } = await tab.evaluate(async (documents) => {
    const { ranker, workers } = window.kept;
    const before = await ranker.rerank({ query: "a flute", documents });
    // No message of the protocol: the worker's own code throws, as it does where a browser runs out of memory.
    const crash = (worker: number) => setTimeout(() => workers[worker]?.postMessage(null), 100);
    crash(2);
    const after = await ranker.rerank({ query: "a flute", documents });
    const { workersLost } = ranker.info();
    crash(0);
    const code = await ranker.rerank({ query: "another", documents }).then(
      () => "none",
      (error: TabrankError) => error.code,
    );
    return { before, after, workersLost, code };
  }, passages);
  expect(after).toEqual(before);
  expect(workersLost).toEqual([expect.stringContaining("crashed")]);
  expect(code).toBe("worker-crashed");
}
