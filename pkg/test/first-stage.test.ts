/** What finds the candidates, and that it is asked as it was said. */

import { describe, expect, test } from "vitest";
import { BadInputError, NotReadyError } from "../src/errors.js";
import type { FirstStageOptions } from "../src/types.js";
import { info, setUp } from "./fake-worker.js";

const documents = [
  { id: "a", text: "first", metadata: { page: 1 } },
  { id: "b", text: "second" },
];

async function asked(options: FirstStageOptions): Promise<string | undefined> {
  const { ranker, begun } = await setUp();
  await ranker.index(documents);
  await ranker.search("q", options);
  return begun.find((one) => one.startsWith("retrieve"));
}

describe("a search", () => {
  test("is by cosine unless told otherwise", async () => {
    expect(await asked({})).toBe("retrieve q");
    expect(await asked({ retriever: "dense", fusion: { method: "rrf" } })).toBe("retrieve q");
  });

  test("is by words, or by both", async () => {
    expect(await asked({ retriever: "bm25" })).toBe('retrieve q by {"kind":"bm25"}');
    expect(await asked({ retriever: "hybrid" })).toBe('retrieve q by {"kind":"reciprocal-rank","k":60}');
    expect(await asked({ retriever: "hybrid", fusion: { method: "rrf", k: 10 } })).toBe('retrieve q by {"kind":"reciprocal-rank","k":10}');
    const sum = { method: "weighted-sum", weight: 0.25 } as const;
    expect(await asked({ retriever: "hybrid", fusion: sum })).toBe('retrieve q by {"kind":"weighted-sum","weight":0.25}');
  });

  test.each([
    { retriever: "sparse" },
    { retriever: "hybrid", fusion: { method: "sum", weight: 1 } },
    { retriever: "hybrid", fusion: { method: "weighted-sum", weight: 1.5 } },
    { retriever: "hybrid", fusion: { method: "weighted-sum" } },
    { retriever: "hybrid", fusion: { method: "rrf", k: -1 } },
    { retriever: "hybrid", fusion: null },
  ])("refuses %o", async (options) => {
    await expect(asked(options as FirstStageOptions)).rejects.toThrow(BadInputError);
  });
});

describe("the first stage alone", () => {
  test("gives candidates with their scores, and reads no pairs", async () => {
    const { ranker, begun } = await setUp();
    await ranker.index(documents);
    const { query, retrieved, timings } = await ranker.retrieve("q", { pool: 2, retriever: "bm25" });
    expect(query).toBe("q");
    expect(retrieved).toEqual([
      { id: "a", rank: 1, score: 1, cosine: 1, bm25: 7, text: "first", metadata: { page: 1 } },
      { id: "b", rank: 2, score: 0.9, cosine: 0.9, bm25: 7, text: "second" },
    ]);
    expect(timings.total).toBeGreaterThan(0);
    expect(begun.some((one) => one.startsWith("score"))).toBe(false);
  });

  test("has no scores of words where only vectors were asked", async () => {
    const { ranker } = await setUp();
    await ranker.index(documents);
    const { retrieved } = await ranker.retrieve("q");
    expect(retrieved[0]).not.toHaveProperty("bm25");
  });

  test("wants a bi-encoder, as its export does", async () => {
    const { ranker } = await setUp(1, { known: { ...info, biEncoder: null } });
    await expect(ranker.retrieve("q")).rejects.toThrow(NotReadyError);
    await expect(ranker.exportIndex()).rejects.toThrow(NotReadyError);
  });

  test("gives its vectors away", async () => {
    const { ranker } = await setUp();
    await ranker.index(documents);
    expect((await ranker.exportIndex()).byteLength).toBe(2);
  });
});
