/** Memory over a long session: as much in the end as in the beginning, and an error that says so where there is too little. */

import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { elsewhere } from "./elsewhere";

const here = elsewhere();
const MIB = 2 ** 20;

/** Resident memory of the page's process, its workers included, once what can be given back has been. */
async function resident(page: Page): Promise<number> {
  const browser = page.context().browser() as Browser;
  const tab = await page.context().newCDPSession(page);
  await tab.send("HeapProfiler.collectGarbage");
  await tab.detach();
  await page.waitForTimeout(500);
  const system = await browser.newBrowserCDPSession();
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  await system.detach();
  const sizes = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => {
    const [, kib = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8")) ?? [];
    return Number(kib) * 1024;
  });
  // Others of the browser's pages are nearly empty.
  return Math.max(...sizes);
}

describe("memory is flat", () => {
  it("over a thousand reranks", async () => {
    const { page } = here.watched;
    const rerank = (from: number, to: number) =>
      page.evaluate(
        async ([from, to]) => {
          const { tabrank } = window.kept;
          window.kept.ranker ??= await tabrank.load({ biEncoder: null, modelsUrl: "/repository/models/", workers: 1, scoreCache: 100 });
          for (let i = from; i < to; i++) {
            const documents = ["quay", "ferry"].map((word) => `${word} ${i}${" or other".repeat(i % 3)}`);
            await window.kept.ranker.rerank({ query: `harbour ${i}`, documents, return_documents: true });
          }
          return window.kept.ranker.info().memory;
        },
        [from, to] as const,
      );
    // By then as much is kept of texts as ever is.
    const before = [await rerank(0, 500), await resident(page)] as const;
    expect(await rerank(500, 1300)).toBe(before[0]);
    // What has leaked doesn't go away; what a worker or a compiler has yet to give back does.
    await expect.poll(() => resident(page)).toBeLessThan(before[1] + 10 * MIB);
  });

  it("over twenty rankers, one after the other", async () => {
    const { page } = here.watched;
    const rankers = (number: number) =>
      page.evaluate(async (number) => {
        for (let i = 0; i < number; i++) {
          const ranker = await window.kept.tabrank.load({ modelsUrl: "/repository/models/", workers: 2 });
          await ranker.rerank({ query: "harbour", documents: ["quay", "ferry"] });
          ranker.dispose();
        }
      }, number);
    await rankers(5);
    const before = await resident(page);
    await rankers(15);
    // A ranker left behind would be 130 MB each time.
    await expect.poll(() => resident(page)).toBeLessThan(before + 60 * MIB);
  });
});

it("two rankers live side by side, and what one loses the other keeps", async () => {
  const found = await here.watched.page.evaluate(async () => {
    const { load } = window.kept.tabrank;
    const options = { biEncoder: null, modelsUrl: "/repository/models/", workers: 1, build: "simd128" } as const;
    const [one, other] = await Promise.all([load(options), load(options)]);
    const request = { query: "harbour", documents: ["quay", "ferry"] };
    const [first, second] = await Promise.all([one.rerank(request), other.rerank(request)]);
    one.dispose();
    const lost = await one.rerank(request).catch((error: Error) => error.name);
    const third = await other.rerank({ ...request, query: "port" });
    other.dispose();
    return { logits: [first, second].map(({ results }) => results.map(({ logit }) => logit)), lost, third: third.results.length };
  });
  expect(found.logits[0]).toEqual(found.logits[1]);
  expect([found.lost, found.third]).toEqual(["DisposedError", 2]);
});

it("a model for which there is no memory is refused by name, and the page lives on", async () => {
  const { page } = here.watched;
  await page.route("**/models/manifest.json", async (route) => {
    const manifest = (await (await route.fetch()).json()) as { models: { role: string; bytes: number }[] };
    for (const model of manifest.models) if (model.role === "cross-encoder") model.bytes = 3_900_000_000;
    await route.fulfill({ json: manifest });
  });
  const found = await page.evaluate(() =>
    window.kept.tabrank.load({ biEncoder: null, modelsUrl: "/repository/models/", workers: 1, cache: false }).then(
      () => "loaded",
      ({ name, code, message }: { name: string; code: string; message: string }) => ({ name, code, message }),
    ),
  );
  expect(found).toMatchObject({ name: "OutOfMemoryError", code: "out-of-memory", message: expect.stringContaining("3900000000") });
});
