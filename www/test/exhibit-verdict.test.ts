import type { Ranker } from "tabrank";
import { openEvaluator, type Comparison, type Evaluator } from "tabrank/evaluate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import { verdict } from "../src/lessons/exhibits/verdict";
import type { Lab } from "../src/lessons/lab";
import { Settings } from "../src/lessons/settings";
import { changesOf, comparisonOf, groupsOf, measureReranking, rounded } from "../src/measuring/reranking";
import { differenceText, headline, neededText, questionsNeeded, signed } from "../src/measuring/verdict-text";
import { nearest } from "../src/view/dots";

const passage = (id: string): Passage => ({ id, shelf: "s", title: id, text: `text of ${id}` });
const query = (id: string, grades: Record<string, number>, trap: string | null = null, twin: string | null = null): LabelledQuery => ({
  id,
  shelf: "s",
  text: `question ${id}`,
  trap,
  twin,
  grades,
});
const corpus = new Corpus(
  ["a", "b", "c", "d"].map(passage),
  [query("q1", { b: 3, a: 1 }, "order", "q2"), query("q2", { a: 3, b: 1 }, null, "q1"), query("q3", { d: 2 }), query("q4", { c: 3, d: 2 })],
);

/** Finds a, b, c, d in this order, whatever is asked; the cross-encoder likes them the other way round. */
const ranker = {
  info: () => ({ device: "abacus" }),
  retrieve: async (_text: string, { pool }: { pool: number }) => ({
    retrieved: ["a", "b", "c", "d"].slice(0, pool).map((id, i) => ({ id, cosine: 1 - i / 10 })),
    timings: { embed: 1, retrieve: 1, total: 2 },
  }),
  rerank: async ({ documents }: { documents: string[] }) => ({
    results: documents.map((text, index) => ({ index, logit: text.charCodeAt(text.length - 1) })).reverse(),
    scored: documents.length,
    device: "abacus",
  }),
} as unknown as Ranker;

let evaluator: Evaluator;
beforeAll(async () => {
  evaluator = await openEvaluator();
});
afterAll(() => evaluator.dispose());

const lab = (): Lab => ({ corpus, manifest: { defaults: {}, models: [] } as never, ranker: async () => ranker, evaluator: async () => evaluator, reranker: async () => ranker, recorded: async () => undefined });
const start = verdict.start(new Settings({ pools: [2, 4], pool: 2 }), corpus);

describe("the verdict", () => {
  it("names settings that are wrong", () => {
    expect(() => verdict.start(new Settings({ pools: [2, 70], pool: 2 }), corpus)).toThrow("pools holds 70, but a pool is a whole number from 1 to 50.");
    expect(() => verdict.start(new Settings({ pools: [2, 4], pool: 3 }), corpus)).toThrow("pool is 3, which is none of the pools 2, 4.");
  });

  it("keeps its state in an address, and takes nothing else from one", () => {
    for (const state of [start, { ...start, metric: "mrr" as const, group: "twins" as const, pool: 4 }]) {
      expect(verdict.restore(start, new Map(Object.entries(verdict.keep(state, start))), corpus)).toEqual(state);
    }
    expect(verdict.keep(start, start)).toEqual({});
    expect(verdict.restore(start, new Map([["m", "constructor"], ["g", "all of them"], ["p", "3"]]), corpus)).toEqual(start);
    expect(verdict.input({ ...start, metric: "mrr" })).toEqual(verdict.input(start));
  });

  it("measures every group, pool and metric in one run", async () => {
    const steps: [number, number][] = [];
    const devices: string[] = [];
    const report = await verdict.compute(lab(), { pools: [2, 4] }, { signal: new AbortController().signal, onProgress: (done, total) => steps.push([done, total]), ran: (device) => devices.push(device) });
    expect(steps.at(-1)).toEqual([8, 8]);
    expect(new Set(devices)).toEqual(new Set(["abacus"]));
    // First is a before; b with a pool of 2; d with a pool of 4.
    expect(report.before["precision@1"]).toEqual([0, 1, 0, 0]);
    expect(report.after[0]?.["precision@1"]).toEqual([1, 0, 0, 0]);
    expect(report.after[1]?.["precision@1"]).toEqual([0, 0, 1, 1]);
    // d is last before, and stays outside a pool of 2.
    expect(report.before.mrr).toEqual([0.5, 1, 0.25, 0.3333]);
    expect(report.after[0]?.mrr[2]).toBe(0.25);
    expect(Object.keys(report.groups)).toEqual(["all", "traps", "twins", "plain"]);
    expect(comparisonOf(report, "plain", 4, "precision@1")).toMatchObject({ n: 2, better: 2, worse: 0, verdict: "helps" });
    expect(comparisonOf(report, "traps", 2, "precision@1")).toMatchObject({ n: 1, better: 1, verdict: "unclear" });
    expect(comparisonOf(report, "all", 3, "mrr")).toBeUndefined();
    expect(changesOf(report, [0, 1, 2, 3], 2, "precision@1").map(({ position, difference }) => [position, difference])).toEqual([[1, -1], [2, 0], [3, 0], [0, 1]]);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("takes questions of the reader's own, whatever grade answers", async () => {
    const labelled = { passages: corpus.passages, queries: [query("x", { a: 1 })] };
    const report = await measureReranking(evaluator, { labelled, rankings: [{ documents: [1, 0] }], logits: [new Map([[0, 5], [1, -5]])], pools: [2], relevant: 1 });
    expect(Object.keys(report.groups)).toEqual(["all"]);
    expect([report.before.mrr, report.after[0]?.mrr]).toEqual([[0.5], [1]]);
    expect(rounded({ ...report, before: { ...report.before, mrr: [1 / 3] } }, 4).before.mrr).toEqual([0.3333]);
    const stopped = new AbortController();
    stopped.abort(new Error("stop"));
    await expect(measureReranking(evaluator, { labelled, rankings: [], logits: [], pools: [2], relevant: 1 }, stopped.signal)).rejects.toThrow("stop");
  });

  it("knows the groups", () => {
    expect([...groupsOf(corpus.queries)]).toEqual([["all", [0, 1, 2, 3]], ["traps", [0]], ["twins", [1]], ["plain", [2, 3]]]);
    expect([...groupsOf([query("x", {}, null, "y")]).keys()]).toEqual(["all"]);
  });
});

describe("the verdict in words", () => {
  const interval = (mean: number, half: number) => ({ mean, low: mean - half, high: mean + half });
  const comparison = (mean: number, half: number, verdict: Comparison["verdict"]): Comparison => ({ n: 100, before: interval(0.5, 0.1), after: interval(0.5 + mean, 0.1), difference: interval(mean, half), better: 10, worse: 20, verdict });

  it("is plain", () => {
    expect(headline(comparison(0.1, 0.05, "helps"))).toBe("It helps.");
    expect(headline(comparison(-0.1, 0.05, "hurts"))).toBe("It hurts.");
    expect(headline(comparison(0.1, 0.2, "unclear"))).toBe("No difference shown.");
    expect(headline({ ...comparison(0.1, 0.2, "unclear"), n: 1 })).toBe("Too few questions to tell.");
    const compared = { metric: "MRR", questions: "plain questions", pool: 20 };
    expect(differenceText(compared, comparison(-0.02, 0.05, "unclear"))).toBe(
      "Over 100 plain questions with a pool of 20, MRR goes from 0.500 to 0.480: a difference of −0.020; 95 % interval −0.070 to +0.030. 10 got better, 20 worse, 70 stayed as they were.",
    );
    expect(differenceText(compared, { ...comparison(0, 0, "unclear"), n: 0 })).toBe("There are no plain questions.");
    expect(differenceText(compared, { ...comparison(0, 0, "unclear"), n: 1 })).toContain("Over 1 plain question with");
    expect([signed(0.2, 1), signed(-0.04, 1), signed(0.04, 1)]).toEqual(["+0.2", "0.0", "0.0"]);
  });

  it("estimates how many questions it takes, from the interval", () => {
    // An interval twice as wide as it may be takes four times the questions.
    expect(questionsNeeded(comparison(0.05, 0.1, "unclear"))).toBe(400);
    expect(questionsNeeded(comparison(0.1, 0.05, "helps"))).toBe(25);
    expect(questionsNeeded(comparison(0, 0.05, "unclear"))).toBeUndefined();
    expect(questionsNeeded({ ...comparison(0.1, 0.05, "unclear"), n: 1 })).toBeUndefined();
    expect(neededText(comparison(0.05, 0.1, "unclear"))).toContain("about 400 questions like these");
    expect(neededText(comparison(0.001, 0.05, "unclear"))).toContain("about 250,000 questions");
    expect(neededText(comparison(0.1, 0.05, "helps"))).toContain("about 25 questions might have sufficed");
    expect(neededText(comparison(0, 0.05, "unclear"))).toContain("exactly 0");
  });

  it("points at the nearest dot within reach", () => {
    const places = [[0, 0], [10, 0], [10, 0]] as const;
    expect([nearest(places, 1, 1), nearest(places, 9, 3), nearest(places, 100, 0), nearest([], 0, 0)]).toEqual([0, 2, undefined, undefined]);
  });
});
