import type { ManifestEntry, Ranker } from "tabrank";
import { describe, expect, it } from "vitest";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import type { ComputeOptions } from "../src/lessons/exhibit";
import { logits, type LogitsByMark, type LogitsData } from "../src/lessons/exhibits/logits";
import { atLeast, extent, gradesText, histogram, passing, passingText, quantile, readText, sigmoid, thresholdFor, travelText, unsigmoid } from "../src/lessons/exhibits/logits/findings";
import type { Lab } from "../src/lessons/lab";
import { Settings } from "../src/lessons/settings";

const passage = (id: string, text: string): Passage => ({ id, shelf: "s", title: id, text });
const query = (id: string, grades: Record<string, number>): LabelledQuery => ({ id, shelf: "s", text: id, trap: null, twin: null, grades });
const corpus = new Corpus([passage("a", "x"), passage("b", "xx"), passage("c", "xxx")], [query("q", { a: 2, c: 3 }), query("qq", { b: 1 })]);

/** Reads a and b for every question; a logit is the length of the passage times a factor, less a third. */
const ranker = (id: string, factor: number): Ranker =>
  ({
    info: () => ({ crossEncoder: { id } }),
    retrieve: async (_text: string, { pool }: { pool: number }) => ({ retrieved: ["b", "a", "c"].slice(0, pool).map((one) => ({ id: one, cosine: 0 })), timings: { embed: 0, retrieve: 0 } }),
    rerank: async ({ documents }: { documents: string[] }) => ({ results: documents.map((text, index) => ({ index, logit: text.length * factor - 1 / 3 })), scored: 0, device: "abacus" }),
  }) as unknown as Ranker;

const entry = (id: string, role: ManifestEntry["role"], sha256: string | null, origins: (string | null)[]): ManifestEntry =>
  ({ id, role, sha256, origin: { files: origins.map((one) => ({ sha256: one })) } }) as unknown as ManifestEntry;
const manifest = {
  defaults: {},
  models: [entry("own", "cross-encoder", "1", []), entry("hub", "cross-encoder", null, ["2", "3"]), entry("unknown", "cross-encoder", null, ["2", null]), entry("bi", "bi-encoder", "4", [])],
} as unknown as Lab["manifest"];
const none = (): never => {
  throw new Error("not asked for");
};
const lab: Lab = { corpus, manifest, ranker: async () => ranker("own", 1), reranker: async (id) => ranker(id, 10), evaluator: none, recorded: none };
const options = (): ComputeOptions & { steps: [number, number][] } => {
  const steps: [number, number][] = [];
  return { steps, signal: new AbortController().signal, onProgress: (done, total) => steps.push([done, total]), ran: () => undefined };
};
const start = logits.start(new Settings({ pool: 2, threshold: 0 }), corpus);

describe("logits", () => {
  it("keep their state in an address", () => {
    for (const state of [start, { ...start, threshold: -2.35, other: "ms-marco.v2", view: "sigmoid" as const }]) {
      expect(logits.restore(start, new Map(Object.entries(logits.keep(state, start))), corpus)).toEqual(state);
    }
    expect(logits.keep(start, start)).toEqual({});
    expect(logits.restore(start, new Map([["t", "much"], ["m", "<b>"], ["v", "maybe"]]), corpus)).toEqual(start);
    expect(logits.restore(start, new Map([["t", "1e9"]]), corpus)).toEqual(start);
    expect(logits.input({ ...start, threshold: 3, view: "sigmoid" })).toEqual({ pool: 2, other: null });
  });

  it("are sorted by what the labels say, answers outside the pools counted", async () => {
    const told = options();
    const data = await logits.compute(lab, { pool: 2, other: null }, told);
    expect(data).toEqual({
      models: [{ model: "own", logits: { answers: [0.67], "near-miss": [1.67], off: [0.67, 1.67] } }],
      questions: 2,
      outside: 1,
      choices: ["own", "hub"],
    });
    expect(told.steps.at(-1)).toEqual([4, 4]);
  });

  it("are read by a second model, if it is another one", async () => {
    const told = options();
    const { models } = await logits.compute(lab, { pool: 2, other: "hub" }, told);
    expect(models.map(({ model, logits: found }) => [model, found.answers])).toEqual([["own", [0.67]], ["hub", [9.67]]]);
    expect(told.steps.at(-1)).toEqual([6, 6]);
    expect((await logits.compute(lab, { pool: 2, other: "own" }, options())).models).toHaveLength(1);
    await expect(logits.compute(lab, { pool: 2, other: "nobody" }, options())).rejects.toThrow("There is no cross-encoder nobody in the manifest.");
    await expect(logits.compute(lab, { pool: 2, other: "bi" }, options())).rejects.toThrow("There is no cross-encoder bi");
  });
});

describe("a threshold", () => {
  const found: LogitsByMark = { answers: [-1, 1, 2, 3], "near-miss": [0, 2], off: [-5, -4, -3, 1] };
  it("lets pass what reaches it", () => {
    expect([atLeast([1, 2, 2, 3], 2), atLeast([1, 2], 5), atLeast([], 0), atLeast([1, 2], -9)]).toEqual([3, 0, 0, 2]);
    expect(passing(found, 1)).toEqual({ pairs: 10, passed: 5, answers: 4, found: 3, precision: 0.6, recall: 0.75 });
    expect(passing(found, 9)).toMatchObject({ passed: 0, precision: undefined, recall: 0 });
    expect(passing({ ...found, answers: [] }, 0).recall).toBeUndefined();
    expect(passingText({ model: "m", logits: found }, 1)).toBe("5 of 10 pairs reach 1.00. 3 of these answer: precision 60 %. They are 3 of the 4 answers that were read: recall 75 %.");
    expect(passingText({ model: "m", logits: found }, 9)).toBe("Of 10 pairs none reaches 9.00.");
  });

  it("has to be another one for another model", () => {
    const data: LogitsData = { models: [{ model: "m", logits: found }, { model: "n", logits: { ...found, answers: [10, 20, 30, 40] } }], questions: 2, outside: 3, choices: [] };
    expect(thresholdFor(found, 3)).toBe(1);
    expect(passing(found, thresholdFor(found, 3) ?? 0).found).toBe(3);
    expect(travelText(data, 1)).toBe("The threshold that lets 3 of 4 answers pass is 1.00 for m and 20.00 for n; at 1.00 the latter lets 4 pass.");
    expect(travelText(data, 9)).toContain("lets no answer pass");
    expect(travelText({ ...data, models: data.models.slice(0, 1) }, 1)).toBe("");
    expect(extent(data.models)).toEqual([-5, 40]);
    expect(extent([])).toEqual([0, 1]);
    expect(readText(data, 20)).toBe("Read: 20 candidates for each of 2 questions; 4 that answer, 2 near misses, 4 off the question. 3 more passages answer, but were outside the pools, and a threshold can’t find what wasn’t read.");
    expect(gradesText({ model: "m", logits: found })).toBe("m: the middle logit is 1.00 for answers, 0.00 for near misses, −4.00 for passages off the question.");
  });

  it("is drawn over shares, the last bin with its upper end", () => {
    expect(histogram([0, 0.1, 0.5, 1], 0, 1, 2).map(({ share }) => share)).toEqual([0.5, 0.5]);
    expect(histogram([], 0, 1, 2).map(({ share }) => share)).toEqual([0, 0]);
    expect([quantile([1, 2, 3], 0.5), quantile([], 0.5)]).toEqual([2, undefined]);
    expect([sigmoid(0), unsigmoid(sigmoid(2.5))]).toEqual([0.5, expect.closeTo(2.5, 9) as number]);
  });
});
