import type { Ranker } from "tabrank";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sweepCells, sweepCsv, sweepHead, sweepJson } from "../src/bench/queries/sweep-file";
import type { LabelledQuery, Passage } from "../src/corpus";
import { spread } from "../src/measuring/spread";
import { candidatesOf, pairsLeft, Readings, readOn, runStages, type Order, type SweepPlan } from "../src/measuring/sweep";
import { readBy, sweepReport, sweepRows, type SweepFound } from "../src/measuring/sweep-report";
import { TimeLeft } from "../src/measuring/time-left";

const passages: Passage[] = ["a", "b", "c", "d", "e", "f"].map((id) => ({ id, shelf: "", title: id.toUpperCase(), text: `text ${id}` }));
const query = (id: string, grades: Record<string, number>): LabelledQuery => ({ id, shelf: "", text: `question ${id}`, trap: null, twin: null, grades });
const labelled = { passages, queries: [query("q1", { f: 3, a: 0 }), query("q2", { a: 2 }), query("q3", { e: 3, b: 2, c: 1 })] };

/** Vectors find a to f in this order and words the other way round; the cross-encoder likes what comes late in the alphabet. */
function abacus(stopAfter = Infinity): { ranker: Ranker; read: string[][] } {
  const read: string[][] = [];
  const ids = passages.map(({ id }) => id);
  const ranker = {
    info: () => ({ device: "abacus", biEncoder: { sha256: "b" } }),
    retrieve: async (_text: string, { pool, retriever }: { pool: number; retriever: string }) => ({
      retrieved: (retriever === "bm25" ? [...ids].reverse() : ids).slice(0, pool).map((id) => ({ id, cosine: 0 })),
      timings: { embed: 1, retrieve: 1, total: retriever === "bm25" ? 1 : 2 },
    }),
    rerank: async ({ documents }: { documents: string[] }) => {
      read.push(documents);
      if (read.length > stopAfter) throw new Error("stopped");
      return { results: documents.map((text, index) => ({ index, logit: text.charCodeAt(5) })).reverse(), scored: documents.length, device: "abacus" };
    },
  } as unknown as Ranker;
  return { ranker, read };
}

const plan: SweepPlan = { stages: ["dense", "bm25"], pools: [2, 4], models: ["m"] };
const order = (n: number, timed: number): Order => ({ questions: spread(n), timed: new Set(spread(n).slice(0, timed)) });

let evaluator: Evaluator;
beforeAll(async () => {
  evaluator = await openEvaluator();
});
afterAll(() => evaluator.dispose());

async function swept(stopAfter?: number, timed = 3): Promise<{ found: SweepFound; readings: Readings; read: string[][] }> {
  const { ranker, read } = abacus(stopAfter);
  const runs = await runStages(ranker, labelled, plan.stages);
  const readings = new Readings();
  await readOn(ranker, labelled, runs, readings, plan, order(3, timed)).catch((error: Error) => expect(error.message).toBe("stopped"));
  return { found: { labelled, plan, runs, readings: new Map([["m", readings]]), complete: false }, readings, read };
}

describe("an order that is spread", () => {
  it("meets every number once, and the first few lie all over", () => {
    for (const n of [0, 1, 2, 3, 7, 20, 192, 1000]) expect([...spread(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    const first = spread(192).slice(0, 20).sort((a, b) => a - b);
    const gaps = first.map((value, i) => value - (first[i - 1] ?? first[0] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(24);
  });
});

describe("a sweep", () => {
  it("reads each pair of an untimed question once, and each pool of a timed one whole", async () => {
    const { read } = await swept(undefined, 1);
    // A warm-up; dense 2 and 4, bm25 2 and 4; nothing is left of the first question, and each of the others is read at once.
    expect(read.map(({ length }) => length)).toEqual([2, 2, 4, 2, 4, 6, 6]);
  });

  it("measures before and after by pool, with the recall ceiling", async () => {
    const rows = await sweepRows(evaluator, (await swept()).found);
    expect(rows.map(({ stage, model, pool, questions }) => [stage, model, pool, questions])).toEqual([
      ["dense", null, null, 3],
      ["dense", "m", 2, 3],
      ["dense", "m", 4, 3],
      ["bm25", null, null, 3],
      ["bm25", "m", 2, 3],
      ["bm25", "m", 4, 3],
    ]);
    const [dense, two, four, words] = rows;
    // First are a, a, a; then b, b, b; then d, d, d; by words f, f, f.
    expect([dense, two, four, words].map((row) => row?.metrics["precision@1"])).toEqual([1 / 3, 1 / 3, 0, 1 / 3]);
    expect([dense?.recall, two?.recall, four?.recall]).toEqual([null, (0 + 1 + 0.5) / 3, (0 + 1 + 0.5) / 3]);
    expect(dense?.difference).toBeNull();
    expect(four?.difference?.mean).toBeCloseTo((four?.metrics["ndcg@10"] ?? 0) - (dense?.metrics["ndcg@10"] ?? 0), 6);
    expect(two?.latency?.timed).toBe(3);
    expect(two?.latency?.p50).toBeGreaterThan(2);
    // Of six passages 4, 5 and 3 have no label; one that was judged to be off has one.
    expect(dense?.unjudged).toBeCloseTo((4 + 5 + 3) / 3, 9);
  });

  it("stopped, keeps what was read, measures that, and goes on from there", async () => {
    const { found, readings, read } = await swept(3, 0);
    expect(readBy(found, "m")).toEqual([0, 2]);
    const rows = await sweepRows(evaluator, found);
    // The first stage alone once more, for the questions that were read.
    expect(rows.map(({ model, questions }) => [model, questions])).toEqual([[null, 3], [null, 2], ["m", 2], ["m", 2], [null, 3], [null, 2], ["m", 2], ["m", 2]]);
    expect(rows[2]?.difference?.mean).toBeCloseTo((rows[2]?.metrics["ndcg@10"] ?? 0) - (rows[1]?.metrics["ndcg@10"] ?? 0), 6);
    const report = await sweepReport(evaluator, found, "dense", "m");
    expect(report?.report.queries).toEqual(["q1", "q3"]);
    expect(pairsLeft(labelled, found.runs, readings, plan, order(3, 0))).toBe(6);
    const again = abacus();
    await readOn(again.ranker, labelled, found.runs, readings, plan, order(3, 0));
    expect(again.read.map(({ length }) => length)).toEqual([6, 6]);
    expect(read).toHaveLength(4);
    expect(pairsLeft(labelled, found.runs, readings, plan, order(3, 0))).toBe(0);
    // A wider pool costs only what is new.
    expect(pairsLeft(labelled, found.runs, readings, { ...plan, stages: ["dense"], pools: [5] }, order(3, 0))).toBe(0);
    expect([...candidatesOf(found.runs, 0, { ...plan, stages: ["dense"] })]).toEqual([0, 1, 2, 3]);
  });

  it("is silent about a cross-encoder that has read nothing", async () => {
    const { found } = await swept(0, 0);
    expect((await sweepRows(evaluator, found)).every(({ model }) => model === null)).toBe(true);
    expect(await sweepReport(evaluator, found, "dense", "m")).toBeUndefined();
    expect(await sweepReport(evaluator, found, "hybrid", "m")).toBeUndefined();
  });

  it("becomes a table, CSV and JSON", async () => {
    const rows = await sweepRows(evaluator, (await swept()).found);
    for (const row of rows) for (const unjudged of [false, true]) expect(sweepCells(row, unjudged)).toHaveLength(sweepHead(unjudged).length);
    expect(rows.map((row) => sweepCells(row, true).slice(0, 3).join(" "))).toContain("BM25, m 4 3");
    const lines = sweepCsv(rows).trimEnd().split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[0]).toMatch(/^first_stage,cross_encoder,pool,questions,precision_at_1,/);
    for (const line of lines) expect(line.split(",")).toHaveLength(lines[0]?.split(",").length ?? 0);
    const context = { corpus: null, library: "L", passages: 6, biEncoder: "b", engine: "0", devices: { m: "abacus" }, made: "2026-01-01" };
    expect(JSON.parse(sweepJson(rows, context))).toEqual({ kind: "tabrank-sweep", version: 1, ...context, rows: JSON.parse(JSON.stringify(rows)) });
  });
});

describe("the time that is left", () => {
  it("follows from how fast it went, and isn't foretold too early", () => {
    let now = 0;
    const left = new TimeLeft(() => now);
    now = 1000;
    expect(left.text(10, 100)).toBe("");
    now = 10_000;
    expect(left.left(10, 100)).toBe(90_000);
    expect(left.text(10, 100)).toBe("about 90 s left");
    left.restart(10);
    now = 20_000;
    expect(left.left(20, 100)).toBe(80_000);
    expect(left.left(10, 100)).toBeUndefined();
  });
});
