// Whether memory stays flat over many short queries.

import { launch, open, rendererMemory } from "./browser.mjs";
import { enter, ours } from "./contenders.mjs";
import { round } from "./statistics.mjs";

const QUERIES = 2000;
const LOOK_AT = [200, QUERIES];
const POOL = 3;

/**
 * @param {{ url: string }} server
 * @param {readonly string[]} questions
 * @param {readonly string[]} passages
 */
export async function endurance(server, questions, passages) {
  const browser = await launch();
  try {
    const page = await open(browser, server.url);
    const { scoreCache: _, ...setup } = ours(1); // as a page would have it, its cache of scores included
    const { key } = await enter(page, setup);
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const rows = [];
    let at = 0;
    for (const until of LOOK_AT) {
      for (; at < until; at++) {
        const query = `${questions[at % questions.length]} ${at}`; // never the same twice
        const pool = Array.from({ length: POOL }, (_, i) => String(passages[(at * POOL + i) % passages.length]));
        await page.evaluate(([k, q, texts]) => window.bench.rerank(k, q, texts, 0), /** @type {const} */ ([key, query, pool]));
      }
      await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      const heap = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? NaN;
      const renderer = await rendererMemory(browser);
      rows.push({
        queries: until,
        renderer_mib: renderer === null ? null : round(renderer.now, 1),
        page_heap_mib: round(heap / 2 ** 20, 2),
      });
    }
    return rows;
  } finally {
    await browser.close();
  }
}
