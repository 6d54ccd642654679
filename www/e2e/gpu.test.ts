/** The package on WebGPU, which Chromium does in software where there is no GPU; and with GPUs that are at fault. */

import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { Device, Info, RerankResponse } from "tabrank";
import { elsewhere } from "./elsewhere";

const here = elsewhere(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
let page: Page;
beforeEach(() => {
  ({ page } = here.watched);
});

/** Loads the models and waits until the GPU's trial is over. */
async function load(device: Device | undefined, { fault = "", workers = 2 } = {}): Promise<Info> {
  return page.evaluate(
    async ([device, fault, workers]) => {
      const at = (path: string) => new URL(`/repository/${path}`, location.href);
      const { tabrank } = window.kept;
      const made: Worker[] = [];
      const worker = () => {
        made.push(new Worker(at("www/e2e/gpu-worker.js"), { type: "module", name: fault }));
        return made.at(-1) as Worker;
      };
      const more = device === undefined ? {} : { device };
      const ranker = await tabrank.load({ workers, worker, build: "simd128", modelsUrl: at("models/"), scoreCache: 0, ...more });
      window.kept = { tabrank, ranker, workers: made };
      for (;;) {
        const info = ranker.info();
        if (info.gpu.state !== "trying" && info.workers === workers) return info;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [device, fault, workers] as const,
  );
}

/** Passages of different lengths. */
const documents = Array.from({ length: 12 }, (_, i) => `A flute ${"has no reed but an edge that the breath meets, ".repeat(i % 5)}number ${i}.`);
const query = "which instrument has no reed";

const rerank = (some: string[] = documents): Promise<RerankResponse> =>
  page.evaluate(([query, documents]) => window.kept.ranker.rerank({ query, documents }), [query, some] as const);
const dispose = () => page.evaluate(() => window.kept.ranker.dispose());
const logits = ({ results }: RerankResponse) => [...results].sort((a, b) => a.index - b.index).map(({ logit }) => logit);

/** What the CPU says of the documents: the same bits every time, so once is enough. */
let known: Promise<RerankResponse> | undefined;

const onCpu = (some?: string[]): Promise<RerankResponse> => (some ? askCpu(some) : (known ??= askCpu()));

async function askCpu(some?: string[]): Promise<RerankResponse> {
  const { gpu } = await load("cpu");
  expect(gpu.state).toBe("off");
  const found = await rerank(some);
  expect(found.device).toMatch(/^cpu /);
  await dispose();
  return found;
}

describe("a GPU that is insisted on", () => {
  it("gives the CPU's scores but for rounding, and its vectors", async () => {
    const expected = await onCpu();
    const info = await load("webgpu");
    expect(info.gpu).toMatchObject({ state: "ready", adapter: expect.stringContaining("swiftshader"), precision: "f32" });
    expect(info.gpu.agreement?.logits).toBeLessThan(0.1);
    const found = await rerank();
    expect(found.device).toMatch(/^webgpu \(.*swiftshader/);
    logits(found).forEach((logit, i) => expect(Math.abs(logit - (logits(expected)[i] ?? Number.NaN))).toBeLessThan(0.1));
    // Alone or among others, on whatever device: a passage's logit is its own.
    expect((await rerank(documents.slice(3, 4))).results[0]?.logit).toBe(logits(found)[3]);
    const search = await page.evaluate(
      async ([query, documents]) => {
        const { ranker } = window.kept;
        await ranker.index(documents.map((text, i) => ({ id: String(i), text })));
        const { retrieved, reranked, device } = await ranker.search(query, { pool: 5 });
        const [vector] = await ranker.embed([query], { kind: "query" });
        return { retrieved, reranked, device, length: vector?.length };
      },
      [query, documents] as const,
    );
    expect(search).toMatchObject({ length: 384, device: found.device });
    expect(search.reranked[0]?.logit).toBe(logits(found)[Number(search.reranked[0]?.id)]);
    expect(here.watched.complaints).toEqual([]);
  });

  it("gives them also with the shaders that are for hardware, which software takes long over", async () => {
    const [passage] = documents;
    const expected = await onCpu([passage as string]);
    expect((await load("webgpu", { fault: "no subgroups" })).gpu.state).toBe("ready");
    const found = await rerank([passage as string]);
    expect(found.device).toMatch(/^webgpu/);
    expect(Math.abs((logits(found)[0] ?? Number.NaN) - (logits(expected)[0] ?? 0))).toBeLessThan(0.1);
    expect(here.watched.complaints).toEqual([]);
  });
});

describe("the choice between GPU and CPU", () => {
  it("is made by measuring, once", async () => {
    const first = await load(undefined);
    // Software is never faster than the CPU that it runs on.
    expect(first.gpu).toMatchObject({ state: "off", reason: expect.stringMatching(/^the CPU is faster here: 1000 tokens take /) });
    expect((await rerank()).device).toMatch(/^cpu /);
    await dispose();
    const second = await load("auto");
    expect(second.gpu.costs).toEqual(first.gpu.costs);
    expect(here.watched.complaints).toEqual([]);
  });
});

describe("the CPU takes over", () => {
  it.each([
    ["none", "off", /offers no GPU/],
    ["absent", "off", /is no WebGPU/],
    ["limits", "failed", /limit/],
    ["wrong", "failed", /computes other (logits|vectors) than the CPU/],
    ["not a number", "failed", /not a number/],
    ["no shader", "failed", /the GPU failed: /],
    ["memory", "failed", /memory|the GPU failed/],
  ])("at once, and says why: %s", async (fault, state, reason) => {
    const expected = await onCpu();
    const { gpu } = await load("webgpu", { fault });
    expect(gpu).toMatchObject({ state, reason: expect.stringMatching(reason) });
    const found = await rerank();
    expect(found).toEqual(expected);
  });

  it("in the middle of a request, when the GPU is lost", async () => {
    const expected = await onCpu();
    expect((await load("webgpu", { fault: "lost" })).gpu.state).toBe("ready");
    const found = await page.evaluate(
      async ([query, documents]) => {
        const { ranker } = window.kept;
        const work = ranker.rerank({ query, documents });
        await new Promise((resolve) => setTimeout(resolve, 100));
        new BroadcastChannel("gpu").postMessage("lose it");
        return work;
      },
      [query, documents] as const,
    );
    expect(found).toEqual(expected);
    const { gpu } = await page.evaluate(() => window.kept.ranker.info());
    expect(gpu).toMatchObject({ state: "failed", reason: expect.stringContaining("lost") });
    expect((await rerank()).results).toEqual(expected.results);
  });

  it("when the GPU turns out to be wrong as it is given more to do", async () => {
    const expected = await onCpu();
    expect((await load("webgpu", { fault: "wrong later" })).gpu.state).toBe("ready");
    await rerank(documents.slice(0, 2));
    await page.evaluate(() => new BroadcastChannel("gpu").postMessage("be wrong"));
    expect(await rerank()).toEqual(expected);
    const { gpu } = await page.evaluate(() => window.kept.ranker.info());
    expect(gpu.state).toBe("failed");
  });
});
