/** The same scores in the shapes that people know, and one by one. */

import { describe, expect, test } from "vitest";
import { AbortError, BadInputError, OutOfMemoryError, WorkerCrashedError } from "../src/errors.js";
import type { SearchEvent } from "../src/types.js";
import { setUp } from "./fake-worker.js";

// A passage's logit is its length.
const documents = ["three", { text: "seventeen letters", metadata: { page: 2 } }, "of eleven"];

describe("rank", () => {
  test("answers as sentence-transformers does, with the raw logit beside the score", async () => {
    const { ranker } = await setUp();
    expect(await ranker.rank("q", documents)).toEqual([
      { corpus_id: 1, score: 17, logit: 17, truncated: false },
      { corpus_id: 2, score: 9, logit: 9, truncated: false },
      { corpus_id: 0, score: 5, logit: 5, truncated: false },
    ]);
    const best = await ranker.rank("q", documents, { topK: 2, returnDocuments: true, activation: "sigmoid" });
    expect(best).toEqual([
      { corpus_id: 1, score: 1 / (1 + Math.exp(-17)), logit: 17, truncated: false, text: "seventeen letters", metadata: { page: 2 } },
      { corpus_id: 2, score: 1 / (1 + Math.exp(-9)), logit: 9, truncated: false, text: "of eleven" },
    ]);
    expect(await ranker.rank("q", [])).toEqual([]);
  });

  test("names what is wrong", async () => {
    const { ranker } = await setUp();
    await expect(ranker.rank("q", documents, { topK: 0 })).rejects.toThrow(/topK/);
    await expect(ranker.rank("q", "documents" as never)).rejects.toThrow(BadInputError);
  });
});

describe("rerankStream", () => {
  test("gives each result once, with its document", async () => {
    const { ranker } = await setUp();
    const found = new Map<number, unknown>();
    for await (const { index, ...result } of ranker.rerankStream({ query: "q", documents: [...documents, "three"], return_documents: true })) {
      expect(found.has(index)).toBe(false);
      found.set(index, result);
    }
    expect(found.size).toBe(4);
    expect(found.get(1)).toEqual({ relevance_score: 17, logit: 17, truncated: false, document: documents[1] });
    expect(found.get(3)).toEqual(found.get(0));
  });

  test("stops the rest when the loop is left, and then the next call is answered", async () => {
    const { ranker, begun } = await setUp(20);
    const many = Array.from({ length: 40 }, (_, i) => "x".repeat(i + 1));
    for await (const _ of ranker.rerankStream({ query: "q", documents: many })) break;
    await ranker.rerank({ query: "next", documents: ["y"] });
    expect(begun.length).toBeLessThan(8);
  });

  test("rejects as rerank does", async () => {
    const { ranker } = await setUp();
    const read = async (query: unknown, signal?: AbortSignal) => {
      for await (const _ of ranker.rerankStream({ query: query as string, documents, ...(signal && { signal }) }));
    };
    await expect(read(3)).rejects.toThrow(BadInputError);
    await expect(read("q", AbortSignal.abort())).rejects.toThrow(AbortError);
    await expect(read("trap in score")).rejects.toThrow(WorkerCrashedError);
  });
});

describe("searchStream", () => {
  test("gives the pool, then the scores, then the result", async () => {
    const { ranker } = await setUp();
    await ranker.index(["a", "bb", "ccc"].map((text) => ({ id: text, text })));
    const events: SearchEvent[] = [];
    for await (const event of ranker.searchStream("q", { pool: 2, topK: 1 })) events.push(event);
    expect(events.map(({ type }) => type)).toEqual(["retrieved", "scored", "scored", "done"]);
    expect(events[0]).toMatchObject({ retrieved: [{ id: "a", rank: 1 }, { id: "bb", rank: 2 }] });
    expect(events.slice(1, 3)).toEqual(
      expect.arrayContaining([
        { type: "scored", id: "a", logit: 1, truncated: false },
        { type: "scored", id: "bb", logit: 2, truncated: false },
      ]),
    );
    expect(events[3]).toMatchObject({ result: { query: "q", reranked: [{ id: "bb", previousRank: 2 }] } });
  });
});

test("an engine that stops for want of memory says so, and is of no use any more", async () => {
  const { ranker } = await setUp(1, { full: true });
  await expect(ranker.rerank({ query: "trap in score", documents })).rejects.toThrow(OutOfMemoryError);
  await expect(ranker.rerank({ query: "q", documents })).rejects.toThrow(OutOfMemoryError);
});
