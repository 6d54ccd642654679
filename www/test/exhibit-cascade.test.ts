import type { Ranker } from "tabrank";
import type { Comparison, Evaluator, GradedRanking, Interval } from "tabrank/evaluate";
import { describe, expect, it } from "vitest";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import { cascade } from "../src/lessons/exhibits/cascade";
import { cascadeText, compared, differenceText, drawingText, measuredWay, methodText, nameOf, worthText } from "../src/lessons/exhibits/cascade/findings";
import { allWays, READS, type CascadeData, type CascadeInput, type Measured } from "../src/lessons/exhibits/cascade/knobs";
import { readPools, timeFor } from "../src/lessons/exhibits/cascade/reading";
import { pairsOf, rankingsOf, stages, timesOf, type Parts } from "../src/lessons/exhibits/cascade/ways";
import type { Lab } from "../src/lessons/lab";
import { Settings } from "../src/lessons/settings";

const passages: Passage[] = Array.from({ length: 120 }, (_, i) => ({ id: `p${i}`, shelf: "s", title: `P${i}`, text: `passage ${i}` }));
const queries: LabelledQuery[] = Array.from({ length: 40 }, (_, i) => ({ id: `q${i}`, shelf: "s", text: `question ${i}`, trap: null, twin: null, grades: { [`p${i + 30}`]: 3 } }));
const corpus = new Corpus(passages, queries);
const numberOf = (text: string): number => Number(/\d+/.exec(text)?.[0]);

/** A cross-encoder without a model: a score for each pair, scores of known pairs kept. */
function reader(score: (query: number, passage: number) => number): { ranker: Ranker; read: () => number } {
  const known = new Set<string>();
  let read = 0;
  const ranker = {
    info: () => ({ device: "cpu (fake)", workers: 2 }),
    retrieve: (_query: string, { pool }: { pool: number }) =>
      Promise.resolve({ retrieved: passages.slice(0, pool).map(({ id }, i) => ({ id, cosine: 1 - i / 1000 })), timings: { embed: 4, retrieve: 1, total: 5 } }),
    rerank: ({ query, documents }: { query: string; documents: readonly string[] }) => {
      const fresh = documents.filter((one) => !known.has(`${query}\n${one}`));
      for (const one of fresh) known.add(`${query}\n${one}`);
      read += fresh.length;
      const results = documents.map((one, index) => ({ index, logit: score(numberOf(query), numberOf(one)) })).sort((a, b) => b.logit - a.logit);
      return Promise.resolve({ results, scored: fresh.length, device: "cpu (fake)" });
    },
  };
  return { ranker: ranker as unknown as Ranker, read: () => read };
}

/** Numbers to compute with, not those of the real evaluator. */
const evaluator = {
  measure: (rankings: readonly GradedRanking[]) =>
    Promise.resolve(rankings.map(({ ranked }) => ({ "ndcg@10": Math.max(0, 1 - ranked.indexOf(3) / 10), "precision@1": ranked[0] === 3 ? 1 : 0 }))),
  compare: (before: readonly number[], after: readonly number[]): Promise<Comparison> => {
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const interval = (value: number): Interval => ({ mean: value, low: value - 0.01, high: value + 0.01 });
    const difference = interval(mean(after) - mean(before));
    const verdict = difference.low > 0 ? "helps" : difference.high < 0 ? "hurts" : "unclear";
    return Promise.resolve({ n: before.length, before: interval(mean(before)), after: interval(mean(after)), difference, better: 0, worse: 0, verdict });
  },
} as unknown as Evaluator;

const settings = { small: "little", large: "big", read: [100, 20] };
const start = cascade.start(new Settings(settings), corpus);

/** The large one knows; the small one puts everything from 30 on into the first places, the answer anywhere among them. */
function fakeLab(): { lab: Lab; big: ReturnType<typeof reader>; little: ReturnType<typeof reader> } {
  const big = reader((query, passage) => (passage === query + 30 ? 5 : -passage / 100));
  const little = reader((query, passage) => (passage >= query + 30 && passage < query + 45 ? 1 : 0));
  const lab = {
    corpus,
    manifest: { models: ["big", "little"].map((id) => ({ id, role: "cross-encoder" })) },
    ranker: () => Promise.resolve(big.ranker),
    reranker: (id: string) => Promise.resolve(id === "big" ? big.ranker : little.ranker),
    evaluator: () => Promise.resolve(evaluator),
  } as unknown as Lab;
  return { lab, big, little };
}
const quiet = { signal: new AbortController().signal, onProgress: () => undefined, ran: () => undefined };
const inputOf = (state: typeof start): CascadeInput => cascade.input(state) as CascadeInput;

describe("ways", () => {
  it("are the bi-encoder, each cross-encoder alone, and all cascades that narrow down", () => {
    const n = READS.length;
    expect(allWays()).toHaveLength(1 + 2 * n + (n * (n - 1)) / 2);
    expect(stages({ by: "cascade", reads: [100, 20] })).toEqual([["small", 100], ["large", 20]]);
    expect(pairsOf({ by: "cascade", reads: [100, 20] })).toEqual({ small: 100, large: 20 });
    expect(pairsOf({ by: "first", reads: [] })).toEqual({ small: 0, large: 0 });
    expect(nameOf({ by: "large", reads: [20] })).toBe("large alone on 20");
  });
  const parts: Parts = {
    labelled: { passages: passages.slice(0, 4), queries: [{ ...queries[0], grades: { p3: 3 } } as LabelledQuery] },
    rankings: [[0, 1, 2, 3]],
    first: [5],
    small: { logits: [new Map([[0, 0], [1, 1], [2, 2], [3, 3]])], times: [[20, 80]], device: "", workers: 1 },
    large: { logits: [new Map([[0, 9], [1, 8], [2, 7], [3, 0]])], times: [[200, 800]], device: "", workers: 1 },
    cut: 20,
  };
  it("let the next cross-encoder order the best of the one before, and leave the rest behind it", () => {
    const grades = (reads: readonly number[], by: "small" | "cascade"): number[] => rankingsOf({ by, reads }, parts)[0]?.ranked ?? [];
    expect(grades([4], "small")).toEqual([3, 0, 0, 0]);
    expect(grades([2], "small")).toEqual([0, 0, 0, 3]);
    // 3, 2, 1, 0 by the small one; the large one turns the first two round.
    expect(grades([4, 2], "cascade")).toEqual([0, 3, 0, 0]);
    expect(grades([4, 1], "cascade")).toEqual([3, 0, 0, 0]);
  });
  it("take the time of the first stage and of their readings", () => {
    expect(timesOf({ by: "first", reads: [] }, parts)).toEqual([5]);
    expect(timesOf({ by: "large", reads: [100] }, parts)).toEqual([1005]);
    expect(timesOf({ by: "cascade", reads: [100, 10] }, parts)).toEqual([5 + 100 + 100]);
    expect(timeFor([20, 80], 60, 20)).toBe(60);
    expect(timesOf({ by: "cascade", reads: [100, 10] }, { ...parts, small: { ...parts.small, times: [[Number.NaN, 80]] } })).toEqual([Number.NaN]);
  });
});

describe("reading", () => {
  const labelled = { passages, queries };
  const uncounted = { signal: quiet.signal, onPairs: () => undefined, onMore: () => undefined };
  const pools = queries.map(() => Array.from({ length: 100 }, (_, i) => i));
  it("times both parts of each pool, and counts pairs", async () => {
    const { ranker, read } = reader(() => 0);
    let pairs = 0;
    const reading = await readPools(ranker, labelled, pools, 20, { ...uncounted, onPairs: (more) => (pairs += more) });
    expect([pairs, read()]).toEqual([4000, 4000]);
    expect(reading.times.flat().every(Number.isFinite)).toBe(true);
    expect(reading.logits.every((logits) => logits.size === 100)).toBe(true);
  });
  it("takes the time of some questions anew where scores were known", async () => {
    const { ranker, read } = reader(() => 0);
    await readPools(ranker, labelled, pools, 20, uncounted);
    const before = read();
    let [pairs, more] = [0, 0];
    const again = await readPools(ranker, labelled, pools, 20, { ...uncounted, onPairs: (some) => (pairs += some), onMore: (some) => (more += some) });
    expect([pairs, more]).toEqual([6000, 2000]);
    const timed = again.times.filter((pair) => pair.every(Number.isFinite)).length;
    expect(timed).toBe(20);
    expect(read() - before).toBe(timed * 100);
  });
});

describe("cascade", () => {
  it("computes plain data of all ways", async () => {
    const { lab, big, little } = fakeLab();
    const data = await cascade.compute(lab, inputOf(start), quiet);
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    expect(data).toMatchObject({ questions: 40, timed: 40, readers: { small: { workers: 2 }, large: { device: "cpu (fake)" } } });
    expect([big.read(), little.read()]).toEqual([4000, 4000]);
    expect(data.ways).toHaveLength(allWays().length);
    const of = (by: Measured["by"], ...reads: number[]): Measured | undefined => measuredWay(data, { by, reads });
    // The answers are beyond the first thirty: out of reach for the large one alone on 20, found by the cascade.
    expect(of("large", 20)).toMatchObject({ difference: null, precision: { mean: 0 } });
    expect(of("large", 100)?.precision.mean).toBe(1);
    expect(of("cascade", 100, 20)).toMatchObject({ precision: { mean: 1 }, difference: { ndcg: { verdict: "helps" } } });
    expect(of("first")?.time.p50).toBe(5);
  });
  it("reads once where both cross-encoders are the same", async () => {
    const { lab, big } = fakeLab();
    const data = await cascade.compute(lab, { ...inputOf(start), small: "big", every: 4 }, quiet);
    expect(data.questions).toBe(10);
    expect(big.read()).toBe(1000);
  });
  it("says plainly that a model isn't there, before loading anything", async () => {
    const { lab } = fakeLab();
    await expect(cascade.compute(lab, { ...inputOf(start), small: "tiny" }, quiet)).rejects.toThrow("There is no cross-encoder called “tiny” here; there are big, little.");
  });
  it("doesn't compute anew for sliders, but does for models and questions", () => {
    expect(cascade.input({ ...start, read: [50, 5] })).toEqual(cascade.input(start));
    expect(cascade.input({ ...start, small: "big" })).not.toEqual(cascade.input(start));
    expect(cascade.input({ ...start, every: 2 })).not.toEqual(cascade.input(start));
  });
  it("keeps its state in the address, and makes the best of any", () => {
    const state = { ...start, small: "other", read: [50, 5] as const, every: 4 as const };
    const kept = cascade.keep(state, start);
    expect(kept).toEqual({ small: "other", first: "50", then: "5", every: "4" });
    expect(cascade.restore(start, new Map(Object.entries(kept)), corpus)).toEqual(state);
    const nonsense = new Map([["small", " "], ["large", "x".repeat(101)], ["first", "101"], ["then", "five"], ["every", "3"]]);
    expect(cascade.restore(start, nonsense, corpus)).toEqual(start);
  });
  it("refuses settings that are of no use", () => {
    for (const read of [[100], [20, 100], [100, 20, 5], [99, 20]]) expect(() => cascade.start(new Settings({ ...settings, read }), corpus)).toThrow("read must be two of");
  });
});

describe("findings", () => {
  const input: CascadeInput = { small: "little", large: "big", against: 20, every: 1 };
  const interval = (mean: number): Interval => ({ mean, low: mean - 0.02, high: mean + 0.02 });
  const way = (by: Measured["by"], reads: number[], ndcg: number, p50: number, verdict: "helps" | "hurts" | "unclear" = "unclear"): Measured => ({
    by,
    reads,
    ndcg: interval(ndcg),
    precision: interval(0.5),
    time: { p50, p95: 2 * p50 },
    difference: by === "large" && reads[0] === 20 ? null : { ndcg: { ...interval(ndcg - 0.8), verdict }, precision: { ...interval(0), verdict: "unclear" } },
  });
  const data = (first: Measured): CascadeData => ({
    questions: 192,
    timed: 192,
    ways: [first, way("large", [20], 0.8, 400), way("large", [100], 0.81, 2000), way("small", [100], 0.79, 900), way("cascade", [100, 20], 0.803, 1300)],
    readers: { small: { device: "cpu", workers: 2 }, large: { device: "cpu", workers: 2 } },
  });
  const found = data(way("first", [], 0.84, 6, "helps"));
  it("compare each way once", () => {
    expect(compared(found, input, start).map(nameOf)).toEqual(["bi-encoder alone", "large alone on 20", "large alone on 100", "small alone on 100", "cascade 100 → 20"]);
    expect(compared(found, input, { ...start, read: [20, 20] }).map(nameOf)).toEqual(["bi-encoder alone", "large alone on 20"]);
  });
  it("say what the cascade comes to, with its interval", () => {
    expect(cascadeText(found, input, start)).toBe(
      "big, alone on 20, has an nDCG@10 of 0.800 and takes 400 ms for a question (the median). The cascade, little on 100 and then big on 20, has 0.803 in 1.3 s, " +
        "a difference of +0.003 (−0.017 to +0.023): these questions can’t tell the two apart.",
    );
    expect(cascadeText(found, { ...input, small: "big" }, start)).toContain("Both cross-encoders are the same one");
    expect(cascadeText(found, input, { ...start, read: [20, 20] })).toContain("There is no cascade where");
    expect(differenceText({ mean: 0, low: -0.0001, high: 0.0001, verdict: "unclear" })).toBe("0.000 (0.000 to 0.000)");
  });
  it("say plainly whether reading is worth it at all", () => {
    expect(worthText(found, input)).toContain("reading makes it worse");
    expect(worthText(data(way("first", [], 0.7, 6, "hurts")), input)).toContain("is worth its time");
    expect(worthText(data(way("first", [], 0.79, 6)), input)).toContain("less than with big reading 20, but within what chance explains");
  });
  it("say how it was measured", () => {
    expect(methodText(found, input)).toContain("192 labelled questions; both on cpu, 2 workers. Times were taken at 20 and at 100 pairs, and");
    expect(methodText({ ...found, timed: 20 }, input)).toContain("on 20 of the questions");
    expect(drawingText(found.ways)).toContain("cascade 100 → 20: 0.803 (0.783 to 0.823) in 1.3 s");
  });
});
