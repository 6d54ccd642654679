import { readFileSync } from "node:fs";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pool, type PoolData, type PoolState } from "../src/lessons/exhibits/pool";
import type { PoolCurves, Quality } from "../src/lessons/exhibits/pool/curves";
import { ceilingText, latencyText, overallText, qualityText, tableOf } from "../src/lessons/exhibits/pool/findings";
import { timeSearches } from "../src/lessons/exhibits/pool/timing";
import { stuck, type StuckData } from "../src/lessons/exhibits/stuck";
import { answerOf, fateText, largerText, placed, tableOf as stuckTable } from "../src/lessons/exhibits/stuck/findings";
import { borderAt, rankAt } from "../src/lessons/exhibits/stuck/strips";
import { valueAt } from "../src/view/lines";
import { Settings } from "../src/lessons/settings";
import { labOf, libraryOf, optionsOf } from "./exhibit-lab";

const corpus = libraryOf(["zero", "one", "two", "three"], [
  // Its answer is third; the judge would put it first.
  { text: "stuck", trap: "negation", grades: { 2: 3, 0: 1 } },
  // Both answers are at the top; the judge puts another before them.
  { text: "plain", grades: { 0: 3, 1: 2 } },
]);
const said = { order: [[0, 1, 2, 3], [0, 1, 2, 3]], logits: [[1, 0, 9, -1], [1, 2, -3, 5]] };

let evaluator: Evaluator;
beforeAll(async () => {
  evaluator = await openEvaluator();
});
afterAll(() => evaluator.dispose());

/** Discounted gain of grades in order. */
const gain = (...grades: number[]): number => grades.reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0);

describe("all sizes of the pool", () => {
  it("are measured from one run", async () => {
    const { lab, asked } = labOf(corpus, said, evaluator);
    const { options, steps, devices } = optionsOf();
    const { groups, latency } = await pool.compute(lab, { deepest: 4 }, options);
    expect(asked.slice(0, 4)).toEqual(["retrieve 4 dense", "retrieve 4 dense", "rerank 0 1 2 3", "rerank 0 1 2 3"]);
    expect(groups.all.recall).toEqual([0.25, 0.5, 1, 1]);
    expect(groups.traps.recall).toEqual([0, 0, 1, 1]);
    expect([groups.all.n, groups.traps.n]).toEqual([2, 1]);
    const trap = groups.traps.quality["ndcg@10"];
    const ideal = gain(3, 1);
    expect(trap.before).toBeCloseTo(gain(1, 0, 3, 0) / ideal, 4);
    // Outside until the third candidate is read; then first.
    const rounded = (values: readonly number[]): string[] => values.map((value) => value.toFixed(3));
    expect(rounded(trap.pools.map(({ after }) => after))).toEqual(rounded([trap.before, trap.before, 1, 1]));
    expect(rounded(trap.pools.map(({ perfect }) => perfect))).toEqual(rounded([trap.before, trap.before, 1, 1]));
    const first = groups.all.quality["precision@1"];
    expect(first.before).toBe(0.5);
    expect(first.pools.map(({ after }) => after)).toEqual([0.5, 0.5, 1, 0.5]);
    expect(first.pools.map(({ perfect }) => perfect)).toEqual([0.5, 0.5, 1, 1]);
    // Nothing is changed by a pool of one.
    expect(first.pools[0]).toMatchObject({ low: 0, high: 0, verdict: "unclear" });
    expect(latency).toEqual([{ pool: 1, n: 2, p50: 12, p95: 12 }, { pool: 4, n: 2, p50: 18, p95: 18 }]);
    expect(steps.at(-1)).toEqual([10, 10]);
    expect(steps.map(([done]) => done)).toEqual([...steps.map(([done]) => done)].sort((a, b) => a - b));
    expect(devices).toContain("abacus");
  });

  it("stop when they are told to", async () => {
    const end = new AbortController();
    const { options } = optionsOf(end.signal);
    const stopping = { ...options, onProgress: (done: number) => done === 5 && end.abort() };
    await expect(pool.compute(labOf(corpus, said, evaluator).lab, { deepest: 4 }, stopping)).rejects.toThrow(/abort/i);
  });

  it("count no search whose scores were known", async () => {
    const { lab } = labOf(corpus, said, evaluator);
    const ranker = await lab.ranker();
    const forgetful = Object.assign(Object.create(ranker) as typeof ranker, { search: async (text: string, how: { pool: number; topK: number }) => ({ ...(await ranker.search(text, how)), scored: 0 }) });
    expect(await timeSearches(forgetful, corpus, 4, {})).toEqual([]);
  });

  it("keep their state in an address, whatever that holds", () => {
    const start = pool.start(new Settings({ pool: 20 }), corpus);
    for (const state of [start, { pool: 7, group: "traps", metric: "precision@1" }] as const) {
      expect(pool.restore(start, new Map(Object.entries(pool.keep(state, start))), corpus)).toEqual(state);
    }
    for (const bad of ["", "0", "51", "2.5", "-1", "many"]) expect(pool.restore(start, new Map([["p", bad], ["g", bad], ["m", bad]]), corpus)).toEqual(start);
    expect(() => pool.start(new Settings({ pool: 80 }), corpus)).toThrow("pool must be a number from 1 to 50");
    expect(() => pool.start(new Settings({ pool: 2.5 }), corpus)).toThrow("whole number");
    expect(() => pool.start(new Settings({ pool: 5, size: 1 }), corpus)).toThrow("no setting size");
  });
});

describe("the pool in words", () => {
  const quality = (after: number, low: number, high: number, verdict: Quality["verdict"]): Quality => ({ after, perfect: 0.95, low, high, verdict });
  const curves: PoolCurves = {
    n: 64,
    recall: [0.4, 0.9999],
    quality: {
      "ndcg@10": { before: 0.8, pools: [quality(0.8, 0, 0, "unclear"), quality(0.75, -0.09, -0.01, "hurts")] },
      "precision@1": { before: 0.5, pools: [quality(0.5, 0, 0, "unclear"), quality(0.6, -0.02, 0.2, "unclear")] },
    },
  };
  const state = (pool: number, metric: PoolState["metric"]): PoolState => ({ pool, group: "traps", metric });

  it("says what is inside, what comes of it, and whether that is a difference", () => {
    expect(ceilingText(curves, 1)).toBe("A pool of 1 holds 40.0\u00a0% of the passages that answer. The other 60.0\u00a0% no reranker can bring back.");
    expect(ceilingText(curves, 2)).toContain("holds all passages that answer");
    expect(qualityText(curves, state(1, "ndcg@10"))).toContain("Not one question’s result is changed.");
    expect(qualityText(curves, state(2, "ndcg@10"))).toBe(
      "nDCG@10 is 0.800 before reranking, 0.750 after it, and would be 0.950 with a judge that makes no mistake. " +
        "The difference is −0.050, 95 % interval −0.090 to −0.010: at this pool, reranking hurts on these 64 traps.",
    );
    expect(qualityText(curves, state(2, "precision@1"))).toContain("0 is in it, so these 64 traps show no difference.");
    expect(overallText(curves, "ndcg@10")).toBe(
      "From pool 1 to 2, recall rises from 40.0\u00a0% to 100.0\u00a0%. nDCG@10 after reranking ends at 0.750. " +
        "It is nowhere above the first stage’s 0.800. The interval of the difference is wholly above 0 at 0 of the 2 pools, and wholly below at 1.",
    );
    expect(overallText(curves, "precision@1")).toContain("It is highest at pool 2 (0.600; the first stage alone has 0.500). At none of the 2 pools");
  });

  it("tells measured times from those in between", () => {
    const data = { groups: { all: curves, traps: curves }, latency: [{ pool: 1, n: 20, p50: 10, p95: 20 }, { pool: 3, n: 20, p50: 30, p95: 40 }] };
    expect(latencyText(data, 1)).toBe("A question takes 10 ms (median; one in twenty longer than 20 ms; 20 questions timed).");
    expect(latencyText(data, 2)).toContain("20 ms (median; one in twenty longer than 30 ms; between the pools that were timed)");
    expect(latencyText({ ...data, latency: [] }, 2)).toBe("How long a question takes was not measured.");
    const { head, rows } = tableOf(data, "all", "ndcg@10");
    expect(rows.map((row) => row.length)).toEqual([head.length, head.length]);
    expect(rows[1]).toEqual(["2", "1.000", "0.800", "0.750", "−0.050", "−0.090 to −0.010", "0.950", "–", "–"]);
  });

  it("reads lines between their points", () => {
    expect([valueAt([[1, 5], [3, 9]], 1), valueAt([[1, 5], [3, 9]], 2), valueAt([[1, 5], [3, 9]], 4), valueAt([[1, 5]], 0), valueAt([], 1)]).toEqual([5, 7, undefined, undefined, undefined]);
  });
});

describe("a passage outside the pool", () => {
  const start = stuck.start(new Settings({ queries: ["q0"], pool: 2 }), corpus);
  const query = corpus.queries[0];
  if (query === undefined) throw new Error("no question");

  it("is found with one search, and stays where it is until the pool holds it", async () => {
    const { lab, asked } = labOf(corpus, said, evaluator);
    const data = await stuck.compute(lab, { query: "q0", deepest: 50 }, optionsOf().options);
    expect(asked).toEqual(["search 50"]);
    expect(data.candidates.map(({ logit }) => logit)).toEqual([1, 0, 9, -1]);
    expect(answerOf(placed(data, query, 2))).toMatchObject({ id: "p2", before: 3, after: 3, read: false });
    expect(answerOf(placed(data, query, 3))).toMatchObject({ before: 3, after: 1, read: true });
    expect(fateText(corpus, placed(data, query, 2), 2)).toContain("is at rank 3 of the first stage. A pool of 2 ends before it.");
    expect(fateText(corpus, placed(data, query, 3), 3)).toContain("lifts it to rank 1");
    expect(largerText(data, query)).toBe("The smallest pool that holds it is 3; it then comes out at rank 1. None of the candidates behind it has a higher logit, so a larger pool doesn’t change its rank.");
  });

  it("may be left, put lower, or not be there at all", () => {
    const candidates = (...logits: number[]): StuckData => ({ candidates: logits.map((logit, i) => ({ id: `p${i}`, cosine: 0.5, logit })) });
    const fate = (data: StuckData, pool: number): string => fateText(corpus, placed(data, query, pool), pool);
    expect(fate(candidates(3, 2, 1, 0), 4)).toContain("leaves it where it was");
    expect(fate(candidates(3, 2, 1, 4), 4)).toContain("puts it lower, at rank 4");
    expect(largerText(candidates(3, 2, 1, 4), query)).toContain("With all 4 read it is at rank 4: larger pools also bring in candidates that the cross-encoder prefers to it, 1 here.");
    const none = { candidates: candidates(1, 2).candidates };
    expect(fate(none, 1)).toContain("None of the first 2 passages answers");
    expect(largerText(none, query)).toBe("");
    expect(stuckTable(corpus, placed(candidates(3, 2, 1, 0), query, 1), 1).rows[2]).toEqual(["title 2", "✓ answers", "3", "0.500", "not read", "3"]);
  });

  it("keeps its state in an address, whatever that holds", () => {
    const other = { ...start, query: "q1", pool: 9 };
    expect(stuck.restore(start, new Map(Object.entries(stuck.keep(other, start))), corpus)).toEqual(other);
    expect(stuck.restore(start, new Map([["q", "none"], ["p", "1e9"]]), corpus)).toEqual(start);
    expect(() => stuck.start(new Settings({ queries: ["q9"], pool: 2 }), corpus)).toThrow("q9, which is not a labelled question");
  });

  it("has a border that is taken where it is nearest", () => {
    expect([rankAt(2, 504, 50), rankAt(13, 504, 50), rankAt(9999, 504, 50), rankAt(-5, 504, 50)]).toEqual([1, 2, 50, 1]);
    expect([borderAt(0, 504, 50), borderAt(106, 504, 50), borderAt(108, 504, 50), borderAt(9999, 504, 50)]).toEqual([1, 10, 11, 50]);
  });
});

// What the text says outright. Where this fails after a change of model or corpus, the lesson has to be read again.
describe("what lesson 3 says", () => {
  const recorded = <T>(name: string): T => (JSON.parse(readFileSync(new URL(`../lessons/recorded/${name}.json`, import.meta.url), "utf8")) as { data: T }).data;

  it("is what its exhibits show", () => {
    const lines = readFileSync(new URL("../../corpus/queries.jsonl", import.meta.url), "utf8").trim().split("\n");
    const query = lines.map((line) => JSON.parse(line) as Parameters<typeof placed>[1]).find(({ id }) => id === "vector-stores-q02");
    if (query === undefined) throw new Error("the question is gone");
    const answers = placed(recorded<StuckData>("the-pool.1"), query, 10).filter(({ mark }) => mark === "answers");
    expect(answers, "one passage answers this question").toHaveLength(1);
    expect(answers[0]?.read, "it is outside the pool at first").toBe(false);
    const { groups } = recorded<PoolData>("the-pool.2");
    expect(groups.all.recall.every((value, i, all) => value >= (all[i - 1] ?? 0)), "recall can only rise").toBe(true);
  });
});
