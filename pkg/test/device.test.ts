/** When a GPU is used, and what becomes of a request if it fails. */

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { costsInWords, deviceWanted, everPays, onGpu, pays } from "../src/device.js";
import { BadInputError } from "../src/errors.js";
import type { GpuCosts, GpuInfo } from "../src/types.js";
import { engine, setUp, type Begun } from "./fake-worker.js";

/** A GPU that takes a while to begin, and then is ten times as fast. */
const costs: GpuCosts = { cpu: { batch: 0, token: 0.1 }, gpu: { batch: 10, token: 0.01 } };
const slow: GpuCosts = { cpu: costs.cpu, gpu: { batch: 10, token: 0.1 } };

describe("the choice", () => {
  test("is by the time expected", () => {
    expect([50, 100, 200, 5000].map((tokens) => pays(costs, tokens, 1))).toEqual([false, false, true, true]);
    expect([200, 500, 1000].map((tokens) => pays(costs, tokens, 4))).toEqual([false, false, true]);
  });

  test("is never the GPU where that is no faster with any number of tokens", () => {
    expect([everPays(costs, 1), everPays(costs, 8), everPays(slow, 1)]).toEqual([true, true, false]);
    expect(everPays(costs, 10)).toBe(false);
  });

  test("is the GPU only while it is ready, and always if it was insisted on", () => {
    const ready: GpuInfo = { state: "ready", reason: "" };
    expect(onGpu(undefined, 1e6, 1)).toBe(false);
    for (const state of ["off", "trying", "failed"] as const) expect(onGpu({ ...ready, state }, 1e6, 1)).toBe(false);
    expect(onGpu(ready, 1, 16)).toBe(true);
    expect(onGpu({ ...ready, costs }, 1, 1)).toBe(false);
    expect(onGpu({ ...ready, costs }, 1e6, 1)).toBe(true);
  });

  test("can be the caller's", () => {
    expect([undefined, "auto", "webgpu", "cpu"].map(deviceWanted)).toEqual(["auto", "auto", "webgpu", "cpu"]);
    for (const wrong of ["gpu", 1, null]) expect(() => deviceWanted(wrong)).toThrow(BadInputError);
  });

  test("is explained", () => {
    expect(costsInWords({ ...costs, gpu: { batch: 0, token: 9.04 } }, 1)).toBe("1000 tokens take 9000 ms on the GPU and 100 ms on the CPU");
    expect(costsInWords(costs, 2)).toBe("1000 tokens take 10 ms on the GPU and 50 ms on the CPU");
  });
});

const documents = Array.from({ length: 30 }, (_, i) => "x".repeat(10 + ((i * 37) % 90)));
const request = { query: "q", documents };

/** A ranker with a helper, whose lead has a GPU that works until `fails` is set. */
async function withGpu(gpu: GpuInfo) {
  const calls: { gpu: boolean; passages: number }[] = [];
  const state = { fails: false };
  const helper: Begun = [];
  const made = await setUp(1, {
    helpers: [engine(helper)],
    lead: {
      score: async ({ passages, gpu: asked = false }) => {
        calls.push({ gpu: asked, passages: passages.length });
        await sleep(1);
        if (asked && state.fails) {
          made.worker.say({ type: "gpu", info: { state: "failed", reason: "it was lost" } });
          throw Object.assign(new Error("the GPU was lost"), { code: "gpu-failed" });
        }
        // A device of its own has rounding of its own.
        return passages.map((passage) => ({ logit: passage.length + (asked ? 0.01 : 0), truncated: false }));
      },
    },
  });
  made.worker.say({ type: "gpu", info: gpu });
  await expect.poll(() => made.ranker.info().gpu.state).toBe(gpu.state);
  return { ...made, calls, state, helper };
}

describe("a request", () => {
  test("goes to the GPU as a whole, and to no other worker", async () => {
    const { ranker, calls, helper } = await withGpu({ state: "ready", reason: "insisted on", adapter: "a 1", precision: "f16" });
    const { results, device, scored } = await ranker.rerank(request);
    expect(calls).toEqual([{ gpu: true, passages: 30 }]);
    expect(helper).toEqual([]);
    expect({ device, scored, best: results[0]?.logit }).toEqual({ device: "webgpu (a 1, f16)", scored: 30, best: 99.01 });
  });

  test("goes to all workers where that is expected to be faster", async () => {
    const { ranker, calls, helper } = await withGpu({ state: "ready", reason: "", costs });
    const { device } = await ranker.rerank({ ...request, documents: documents.slice(0, 3) });
    expect(device).toBe("cpu");
    expect(calls.every(({ gpu }) => !gpu)).toBe(true);
    expect(helper.length).toBeGreaterThan(0);
    expect((await ranker.rerank(request)).device).toMatch(/^webgpu/);
  });

  test("is done by the CPU alone if the GPU fails, and so is the next", async () => {
    const { ranker, calls, state, helper } = await withGpu({ state: "ready", reason: "insisted on" });
    const known = await ranker.rerank({ ...request, documents: documents.slice(0, 5) });
    expect(known.device).toMatch(/^webgpu/);
    state.fails = true;
    const seen: number[] = [];
    const other = { ...request, query: "another" };
    const { results, device } = await ranker.rerank({ ...other, onScores: (scored) => seen.push(...scored.map(({ logit }) => logit)) });
    expect(device).toBe("cpu");
    expect(results.every(({ logit }) => Number.isInteger(logit))).toBe(true);
    expect(seen).toHaveLength(30);
    expect(seen.every(Number.isInteger)).toBe(true);
    expect(calls.filter(({ gpu }) => gpu)).toHaveLength(2);
    expect(helper.length).toBeGreaterThan(0);
    expect(ranker.info().gpu).toEqual({ state: "failed", reason: "it was lost" });
    // What the GPU had said before isn't relied on either.
    const again = await ranker.rerank({ ...request, documents: documents.slice(0, 5) });
    expect(again.scored).toBe(known.scored);
    expect(again.results.every(({ logit }) => Number.isInteger(logit))).toBe(true);
  });

  test("of an aborted caller lets go at once", async () => {
    const { ranker } = await withGpu({ state: "ready", reason: "insisted on" });
    const controller = new AbortController();
    const work = ranker.rerank({ ...request, signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toMatchObject({ code: "aborted" });
    expect((await ranker.rerank(request)).results).toHaveLength(30);
  });
});
