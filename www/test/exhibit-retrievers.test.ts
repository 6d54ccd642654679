import { readFileSync } from "node:fs";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rankings, type RankingsData } from "../src/lessons/exhibits/rankings";
import { answersText, tableOf, weightText as usedText } from "../src/lessons/exhibits/rankings/findings";
import { retrievers, type RetrieversData } from "../src/lessons/exhibits/retrievers";
import { againstText, measuresOf, measureTable, poolText, recallTable } from "../src/lessons/exhibits/retrievers/findings";
import { weight, type WeightData } from "../src/lessons/exhibits/weight";
import { believedText, curveTable, foldTable, gainText, learnedText, weightText } from "../src/lessons/exhibits/weight/findings";
import { Settings } from "../src/lessons/settings";
import { firstStages, fusable } from "../src/measuring/first-stages";
import { labOf, libraryOf, optionsOf } from "./exhibit-lab";

const corpus = libraryOf(["a flute has no reed", "an oboe has a double reed", "a drum is beaten", "the organ has pipes"], [
  // The words find it, the vectors don't.
  { text: "flute", trap: "negation", grades: { 0: 3 } },
  // No passage has any of its words.
  { text: "percussion", grades: { 2: 3 } },
]);
const said = { order: [[1, 2, 0, 3], [2, 3, 1, 0]], logits: [[5, 1, 0, 0], [0, 0, 4, 0]] };

let evaluator: Evaluator;
beforeAll(async () => {
  evaluator = await openEvaluator();
});
afterAll(() => evaluator.dispose());

describe("four first stages", () => {
  it("are found with the engine’s own words and fusion, each question’s weight without it", async () => {
    const { lab, asked } = labOf(corpus, said, evaluator);
    const ranker = await lab.ranker();
    const both = await fusable(ranker, evaluator, corpus);
    expect(both.rankings.map(({ lexical }) => lexical.documents)).toEqual([[0], []]);
    expect(both.rankings.map(({ judged }) => judged)).toEqual([[[0, 3]], [[2, 3]]]);
    const stages = await firstStages(evaluator, both, 3);
    expect(stages.dense).toEqual([[1, 2, 0], [2, 3, 1]]);
    expect(stages.bm25).toEqual([[0], []]);
    // 1/61 + 1/63 beats 1/61.
    expect(stages.rrf[0]).toEqual([0, 1, 2]);
    const again = await Promise.all(
      both.learned.weights.map(async (own, i) => (await evaluator.fuse(both.rankings.slice(i, i + 1), { method: "weighted-sum", weight: own }, 3))[0]?.documents),
    );
    expect(stages.sum).toEqual(again);
    expect(asked).toEqual(["retrieve 100 dense", "retrieve 100 dense"]);
    await fusable(ranker, evaluator, corpus);
    expect(asked, "the vectors are kept").toHaveLength(2);
  });

  it("are measured against the vectors, reading each candidate once", async () => {
    const { lab, asked } = labOf(corpus, said, evaluator);
    const { options, steps } = optionsOf();
    const { all, traps } = await retrievers.compute(lab, { deepest: 4, reranked: 2 }, options);
    expect(asked.filter((one) => one.startsWith("rerank"))).toEqual(["rerank 0 1 2", "rerank 2 3"]);
    expect(all.stages.dense.recall).toEqual([0.5, 0.5, 1, 1]);
    expect(all.stages.bm25.recall).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(traps.stages.bm25.recall).toEqual([1, 1, 1, 1]);
    expect(traps.stages.bm25.recallDifference[0]?.difference.mean).toBe(1);
    expect(all.stages.dense.recallDifference[0]).toEqual({ difference: { mean: 0, low: 0, high: 0 }, verdict: "unclear" });
    // Before: third of the vectors. After: still third, as a pool of two ends before it; rank fusion has it first.
    expect(traps.stages.dense.ndcg).toBeCloseTo(0.5, 4);
    expect(traps.stages.dense.reranked).toBeCloseTo(0.5, 4);
    expect([traps.stages.rrf.ndcg, traps.stages.rrf.reranked]).toEqual([1, 1]);
    expect([all.n, traps.n]).toEqual([2, 1]);
    expect(steps.at(-1)).toEqual([8, 8]);
  });

  it("keep their state in an address, whatever that holds", () => {
    const start = retrievers.start(new Settings({ pool: 10, reranked: 20 }), corpus);
    const other = { ...start, pool: 3, group: "traps" } as const;
    expect(retrievers.restore(start, new Map(Object.entries(retrievers.keep(other, start))), corpus)).toEqual(other);
    expect(retrievers.restore(start, new Map([["p", "NaN"], ["g", "none"]]), corpus)).toEqual(start);
    expect(retrievers.input(other)).toEqual({ deepest: 50, reranked: 20 });
    expect(() => retrievers.start(new Settings({ pool: 10 }), corpus)).toThrow("reranked must be a number from 1 to 50, but it is missing.");
  });

  it("are put into words", () => {
    const stage = (recall: number, mean: number, verdict: "helps" | "hurts" | "unclear") => {
      const difference = { difference: { mean, low: mean - 0.01, high: mean + 0.01 }, verdict };
      return { recall: [recall], recallDifference: [difference], ndcg: recall, ndcgDifference: difference, reranked: recall, rerankedDifference: difference };
    };
    const group = { n: 2, stages: { bm25: stage(0.5, -0.4, "hurts"), dense: stage(0.9, 0, "unclear"), rrf: stage(0.9, 0, "unclear"), sum: stage(0.95, 0.05, "helps") } };
    expect(poolText(group, 1)).toBe("Of the passages that answer, a pool of 1 holds: BM25 50.0\u00a0%, bi-encoder 90.0\u00a0%, rank fusion 90.0\u00a0%, weighted sum 95.0\u00a0% (mean over 2 questions).");
    const [first, ...others] = measuresOf(group, 1, 20);
    expect(others.map(({ name }) => name)).toEqual(["nDCG@10 before reranking", "nDCG@10 after reranking 20"]);
    if (first === undefined) throw new Error("no measure");
    expect(againstText(first)).toBe("Higher: weighted sum. Lower: BM25. No difference shown: rank fusion.");
    const { head, rows } = measureTable([first]);
    expect(rows.map((row) => row.length)).toEqual(rows.map(() => head.length));
    expect(rows[0]).toEqual(["BM25", "0.500", "−0.400 (−0.410 to −0.390)"]);
    expect(recallTable(group).rows).toEqual([["1", "0.500", "0.900", "0.900", "0.950"]]);
  });
});

describe("the weight", () => {
  it("is learned by the engine", async () => {
    const { lab } = labOf(corpus, said, evaluator);
    const data = await weight.compute(lab, {}, optionsOf().options);
    expect(data.curve).toHaveLength(21);
    expect(data.curve.map((one) => one.weight).slice(0, 3)).toEqual([0, 0.05, 0.1]);
    // The words alone find the one and nothing for the other; the vectors have the one third and the other first.
    expect(data.curve[0]?.ndcg).toBeGreaterThanOrEqual(0.5);
    expect(data.dense).toBeCloseTo(0.75, 4);
    expect(data.rrf).toBe(1);
    expect(data.n).toBe(2);
    expect(data.folds.length).toBe(2);
    expect(data.gain.difference.mean).toBeCloseTo(data.heldOut - data.dense, 4);
  });

  it("keeps its state in an address, whatever that holds", () => {
    const start = weight.start(new Settings({}), corpus);
    for (const state of [start, { weight: 0.35 }, { weight: 0 }, { weight: 1 }]) {
      expect(weight.restore(start, new Map(Object.entries(weight.keep(state, start))), corpus)).toEqual(state);
    }
    for (const bad of ["", " ", "2", "-0.1", "half"]) expect(weight.restore(start, new Map([["w", bad]]), corpus)).toEqual(start);
    expect(weight.restore(start, new Map([["w", "0.33"]]), corpus)).toEqual({ weight: 0.35 });
  });

  it("is put into words", () => {
    const data: WeightData = {
      n: 10,
      curve: [{ weight: 0, ndcg: 0.5 }, { weight: 0.5, ndcg: 0.698 }, { weight: 0.75, ndcg: 0.7 }, { weight: 1, ndcg: 0.6 }],
      weight: 0.75,
      folds: [{ weight: 0.5, learnedOn: 0.7, heldOut: 0.65 }, { weight: 0.75, learnedOn: 0.71, heldOut: 0.6 }],
      heldOut: 0.62,
      dense: 0.6,
      rrf: 0.55,
      gain: { difference: { mean: 0.02, low: -0.01, high: 0.05 }, verdict: "unclear" },
    };
    expect(weightText(data, 0)).toBe("Weight 0.00 (BM25 alone): nDCG@10 0.500.");
    expect(weightText(data, 0.75)).toBe("Weight 0.75 (75 % cosine, 25 % BM25): nDCG@10 0.700.");
    expect(learnedText(data)).toContain("the weight 0.75: nDCG@10 0.700. The 2 folds choose between 0.50 and 0.75.");
    expect(believedText(data)).toContain("the questions have 0.620: that is the number to believe. All weights from 0.50 to 0.75 are within 0.005 of the best.");
    expect(learnedText({ ...data, folds: data.folds.slice(1) })).toContain("All 1 folds choose 0.75, too");
    expect(gainText(data)).toContain("a difference of +0.020, 95 % interval −0.010 to +0.050: 0 is in it, so these 10 questions show no difference.");
    expect([curveTable(data).rows[0], foldTable(data).rows[0]]).toEqual([["0.00", "0.500"], ["1", "0.50", "0.700", "0.650"]]);
  });
});

describe("four rankings of one question", () => {
  it("are asked of the ranker, with the weight that the others taught", async () => {
    const { lab, asked } = labOf(corpus, said, evaluator);
    const { weights, weight: together } = (await fusable(await lab.ranker(), evaluator, corpus)).learned;
    const labelled = await rankings.compute(lab, { query: "flute" }, optionsOf().options);
    expect(asked.slice(-4)).toEqual(["retrieve 50 bm25", "retrieve 50 dense", "retrieve 50 hybrid", "retrieve 50 hybrid"]);
    expect(labelled.weight).toBeCloseTo(weights[0] ?? Number.NaN, 4);
    expect((await rankings.compute(lab, { query: "anything" }, optionsOf().options)).weight).toBeCloseTo(together, 4);
    expect(labelled.stages.dense.map(({ id }) => id)).toEqual(["p1", "p2", "p0", "p3"]);
  });

  it("keep their question in an address", () => {
    const start = rankings.start(new Settings({ query: "flute" }), corpus);
    expect(rankings.restore(start, new Map(Object.entries(rankings.keep({ query: "drum?" }, start))), corpus)).toEqual({ query: "drum?" });
    expect(rankings.restore(start, new Map([["q", "x".repeat(999)]]), corpus).query).toHaveLength(300);
    expect(rankings.restore(start, new Map([["q", " "]]), corpus)).toEqual(start);
    expect(rankings.input({ query: "  " })).toBeUndefined();
    expect(() => rankings.start(new Settings({ query: " " }), corpus)).toThrow("query must be a text");
  });

  it("are put into words", () => {
    const found = (...ids: string[]) => ids.map((id, i) => ({ id, score: 1 - i / 10 }));
    const data: RankingsData = { weight: 0.8, stages: { bm25: found("p0"), dense: found("p1", "p0"), rrf: found("p1"), sum: [] } };
    const query = corpus.queries[0];
    expect(answersText(data, query)).toBe(
      "The first passage that answers is at rank 1 by BM25, at rank 2 by the bi-encoder, nowhere among 1 by rank fusion, nowhere among 0 by the weighted sum.",
    );
    expect(answersText(data, undefined)).toContain("Nobody has labelled this question");
    expect(usedText(data, query)).toContain("the cosine counts 0.80 and BM25 0.20");
    const { head, rows } = tableOf(corpus, data, query, 2);
    expect(rows.map((row) => row.length)).toEqual([head.length, head.length]);
    expect(rows[1]).toEqual(["2", "–", "–", "✓ title 0", "0.900", "–", "–", "–", "–"]);
  });
});

// What the text says outright. Where this fails after a change of model or corpus, the lesson has to be read again.
describe("what lesson 5 says", () => {
  it("is what its exhibits show", () => {
    const recorded = <T>(number: number): T =>
      (JSON.parse(readFileSync(new URL(`../lessons/recorded/better-first-stages.${number}.json`, import.meta.url), "utf8")) as { data: T }).data;
    const { all } = recorded<RetrieversData>(2);
    const { bm25, dense, rrf, sum } = all.stages;
    for (const other of [dense, rrf, sum]) {
      expect(bm25.ndcg, "BM25 alone is the weakest").toBeLessThan(other.ndcg);
      expect(bm25.recall[9], "BM25 alone is the weakest").toBeLessThan(other.recall[9] ?? 0);
    }
    expect(bm25.ndcgDifference.verdict, "and not by chance").toBe("hurts");
  });
});
