/** Metrics, words and fusion by the real engine, over the real protocol, in this thread. */

import { readFileSync } from "node:fs";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Channel } from "../src/channel.js";
import { BadInputError, DisposedError, NotReadyError } from "../src/errors.js";
import { Evaluator } from "../src/evaluate/evaluator.js";
import { evaluating } from "../src/evaluate/handlers.js";
import type { Fusion, GradedRanking } from "../src/evaluate/types.js";
import * as glue from "../wasm/tabrank.js";
import { engine, FakeWorker } from "./fake-worker.js";

let evaluator: Evaluator;
beforeAll(() => {
  glue.initSync({ module: readFileSync(new URL("../wasm/tabrank_bg.wasm", import.meta.url)) });
});
beforeEach(() => {
  evaluator = new Evaluator(new Channel(new FakeWorker({ ...engine([]), ...evaluating(() => glue) })));
});
afterEach(() => evaluator.dispose());

const texts = ["a flute has no reed", "an oboe has a reed", "a clarinet has reeds"];
const graded: GradedRanking = { ranked: [1, 0, 3, 2], judged: [3, 2, 1] };
/** Two rankings, of which the first is right. */
const two = { dense: { documents: [1, 2, 3], scores: [0.9, 0.5, 0.1] }, lexical: { documents: [3, 9], scores: [20, 10] } };

describe("words", () => {
  test("find by BM25, stems alike", async () => {
    await evaluator.indexWords(texts);
    const [flute, reeds, nothing] = await evaluator.bm25(["flutes", "reeds", "trombone"], 2);
    expect(flute?.documents).toEqual([0]);
    expect(reeds?.documents).toHaveLength(2);
    expect(reeds?.scores.every((score) => score > 0)).toBe(true);
    expect(nothing).toEqual({ documents: [], scores: [] });
  });

  test("are those indexed last, and none before", async () => {
    await expect(evaluator.bm25(["q"], 1)).rejects.toThrow(NotReadyError);
    await evaluator.indexWords(texts);
    await evaluator.indexWords(["piano"]);
    expect(await evaluator.bm25(["flute", "pianos"], 5)).toMatchObject([{ documents: [] }, { documents: [0] }]);
  });
});

describe("metrics", () => {
  test("are those by hand", async () => {
    const [metrics, none] = await evaluator.measure([graded, { ranked: [], judged: [3] }], { relevant: 2, pool: 3 });
    expect(metrics).toMatchObject({ "precision@1": 0, "precision@5": 0.4, "hit_rate@5": 1, mrr: 1 / 3, recall: 0.5 });
    const ideal = 3 + 2 / Math.log2(3) + 0.5;
    expect(metrics?.["ndcg@10"]).toBeCloseTo((1 + 1.5 + 2 / Math.log2(5)) / ideal, 12);
    expect(none).toMatchObject({ mrr: 0, "ndcg@10": 0, recall: 0 });
    expect((await evaluator.measure([graded]))[0]).toMatchObject({ "precision@1": 1, recall: 1 });
  });

  test("before and after are compared", async () => {
    const before = Array.from({ length: 100 }, (_, i) => i % 2);
    const after = before.map((value, i) => (i % 10 === 0 ? 1 : value));
    const comparison = await evaluator.compare(before, after);
    expect(comparison).toMatchObject({ n: 100, better: 10, worse: 0, verdict: "helps" });
    expect(comparison.difference.mean).toBeCloseTo(0.1, 12);
    expect(comparison.difference.low).toBeGreaterThan(0);
    expect(await evaluator.compare(before, before)).toMatchObject({ verdict: "unclear", difference: { mean: 0, low: 0, high: 0 } });
    expect(await evaluator.compare([], [])).toMatchObject({ n: 0, verdict: "unclear" });
  });
});

describe("two rankings", () => {
  test("become one", async () => {
    const [rrf] = await evaluator.fuse([two], { method: "rrf" }, 3);
    expect(rrf?.documents).toEqual([3, 1, 2]);
    expect(rrf?.scores[0]).toBeCloseTo(1 / 63 + 1 / 61, 6);
    const [sum] = await evaluator.fuse([two], { method: "weighted-sum", weight: 1 }, 2);
    expect(sum).toEqual({ documents: [1, 2], scores: [1, expect.closeTo(0.5, 6)] });
  });

  test("are weighed by labelled queries", async () => {
    const queries = Array.from({ length: 10 }, () => ({ ...two, lexical: { documents: [0, 9], scores: [20, 10] }, judged: [[1, 3]] as [number, number][] }));
    const learned = await evaluator.learnWeight(queries, { folds: 5, relevant: 2 });
    // With one half each, the lexical ranking's first would win the tie.
    expect(learned.weight).toBeGreaterThan(0.5);
    expect([learned.folds.length, learned.weights.length, learned.heldOut.length, learned.curve.length]).toEqual([5, 10, 10, 21]);
    expect(learned.heldOut.every((ndcg) => ndcg === 1)).toBe(true);
    expect(learned.folds[0]).toEqual({ weight: learned.weight, learnedOn: 1, heldOut: 1 });
  });
});

test("what is wrong is said before it is sent", async () => {
  const wrong = [
    () => evaluator.measure([{ ranked: [-1], judged: [] }]),
    () => evaluator.measure([{ ranked: [256], judged: [] }]),
    () => evaluator.measure([graded], { pool: 0 }),
    () => evaluator.compare([1], []),
    () => evaluator.compare([Number.NaN], [1]),
    () => evaluator.fuse([{ dense: { documents: [1], scores: [] }, lexical: two.lexical }], { method: "rrf" }, 1),
    () => evaluator.fuse([two], { method: "sum" } as unknown as Fusion, 1),
    () => evaluator.learnWeight([], { folds: 1 }),
    () => evaluator.bm25("q" as unknown as string[], 1),
  ];
  for (const call of wrong) await expect(call()).rejects.toThrow(BadInputError);
  evaluator.dispose();
  await expect(evaluator.measure([graded])).rejects.toThrow(DisposedError);
});
