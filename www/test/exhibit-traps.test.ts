import type { Ranker } from "tabrank";
import { openEvaluator, type Comparison, type Evaluator } from "tabrank/evaluate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import { traps, type TrapsData } from "../src/lessons/exhibits/traps";
import { byKind, certaintyText, count, pairsText, rightOf, sideOf, tallyText } from "../src/lessons/exhibits/traps/findings";
import type { Lab } from "../src/lessons/lab";
import { Settings } from "../src/lessons/settings";

const passage = (id: string): Passage => ({ id, shelf: "s", title: id.toUpperCase(), text: id });
const pair = (n: number, kind: string, trap: Record<string, number>, twin: Record<string, number>): LabelledQuery[] => [
  { id: `t${n}`, shelf: "s", text: `trap ${n}`, trap: kind, twin: `w${n}`, grades: trap },
  { id: `w${n}`, shelf: "s", text: `twin ${n}`, trap: null, twin: `t${n}`, grades: twin },
];
const corpus = new Corpus(
  ["a", "b", "c"].map(passage),
  [...pair(1, "only", { a: 1, b: 3 }, { a: 3 }), ...pair(2, "order", { a: 1, c: 2 }, { a: 2, b: 1 }), ...pair(3, "order", { a: 3 }, { b: 3, a: 1 }), { id: "p", shelf: "s", text: "plain", trap: null, twin: null, grades: { a: 3 } }],
);

/** The first stage finds a and b; the cross-encoder puts b first for the questions named. */
const lifted = new Set(["trap 1", "trap 3", "twin 1"]);
const ranker = {
  search: async (text: string, { pool }: { pool: number }) => ({
    retrieved: ["a", "b", "c"].slice(0, pool).map((id) => ({ id })),
    reranked: [{ id: lifted.has(text) ? "b" : "a" }],
    device: "abacus",
  }),
} as unknown as Ranker;

let evaluator: Evaluator;
let data: TrapsData;
const steps: [number, number][] = [];
beforeAll(async () => {
  evaluator = await openEvaluator();
  const lab: Lab = { corpus, manifest: { defaults: {}, models: [] } as never, ranker: async () => ranker, evaluator: async () => evaluator, reranker: async () => ranker, recorded: async () => undefined };
  data = await traps.compute(lab, { pool: 2 }, { signal: new AbortController().signal, onProgress: (done, total) => steps.push([done, total]), ran: () => undefined });
});
afterAll(() => evaluator.dispose());

describe("all traps", () => {
  it("keep their state in an address", () => {
    const start = traps.start(new Settings({ pool: 20 }), corpus);
    expect(() => traps.start(new Settings({ pool: 90 }), corpus)).toThrow("pool must be a number from 1 to 50");
    expect(traps.keep(start, start)).toEqual({});
    expect(traps.restore(start, new Map(Object.entries(traps.keep({ ...start, side: "twins" }, start))), corpus)).toEqual({ ...start, side: "twins" });
    expect(traps.restore(start, new Map([["side", "both"]]), corpus)).toEqual(start);
    expect(traps.input({ ...start, side: "twins" })).toEqual({ pool: 20 });
  });

  it("are searched with their twins, and nothing else", () => {
    expect(steps.at(-1)).toEqual([6, 6]);
    expect(data.traps).toEqual([
      { id: "t1", scout: "a", judge: "b", answer: "b" },
      { id: "t2", scout: "a", judge: "a", answer: null },
      { id: "t3", scout: "a", judge: "b", answer: "a" },
    ]);
    expect(data.twins.map(({ id }) => id)).toEqual(["w1", "w2", "w3"]);
    expect(data.comparisons.traps).toMatchObject({ n: 3, better: 1, worse: 1, verdict: "unclear" });
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
  });

  it("are told apart by what became of them, the pool included", () => {
    const kinds = byKind(corpus, data);
    expect(kinds.map(({ kind, pairs }) => [kind, pairs.map((one) => [one.traps.query.id, one.traps.fate, one.twins?.fate])])).toEqual([
      ["order", [["t3", "spoiled", "both-wrong"], ["t2", "not-in-pool", "both-right"]]],
      ["only", [["t1", "corrected", "spoiled"]]],
    ]);
    expect(kinds[0]?.pairs[1]?.traps.text).toContain("no passage that answers is in the pool");
    expect(kinds[0]?.pairs[0]?.twins?.text).not.toContain("no passage that answers is in the pool");
    expect([rightOf("spoiled"), rightOf("corrected")]).toEqual([{ scout: true, judge: false }, { scout: false, judge: true }]);
    expect(count(sideOf(kinds, "traps"), "corrected", "spoiled")).toBe(2);
    expect(byKind(corpus, { ...data, traps: [{ id: "gone", scout: "a", judge: "a", answer: null }] })).toEqual([]);
  });

  it("are counted in words", () => {
    const kinds = byKind(corpus, data);
    expect(tallyText(sideOf(kinds, "traps"), "traps", 2)).toBe(
      "Of 3 traps the bi-encoder falls into 2, the cross-encoder, which reads the first 2, falls into 2: it corrects 1 and spoils 1. For 1 no passage that answers was in the pool, so it had no choice.",
    );
    expect(tallyText(sideOf(kinds, "twins"), "twins", 2)).toContain("Of 3 twins the bi-encoder is wrong on 1, the cross-encoder, which reads the first 2, is wrong on 2");
    expect(pairsText(kinds)).toContain("bi-encoder 0 of 3, cross-encoder 0.");
    const comparison: Comparison = { n: 64, before: { mean: 0.1, low: 0, high: 0.2 }, after: { mean: 0.3, low: 0.2, high: 0.4 }, difference: { mean: 0.2, low: 0.1, high: 0.3 }, better: 13, worse: 0, verdict: "helps" };
    expect(certaintyText(comparison, "traps")).toBe("The share of right first places changes by +0.200, 95 % interval +0.100 to +0.300: on these questions the cross-encoder is better.");
    expect(certaintyText({ ...comparison, verdict: "unclear" }, "twins")).toContain("0 is in it, so these 64 twins show no difference.");
  });
});
