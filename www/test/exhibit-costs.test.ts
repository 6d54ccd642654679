import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Ranker } from "tabrank";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import { costs } from "../src/lessons/exhibits/costs";
import { costsText, lengthsText } from "../src/lessons/exhibits/costs/findings";
import type { Lab } from "../src/lessons/lab";
import { Settings } from "../src/lessons/settings";
import { costAt, costsOf, cutOut, LENGTHS, undisturbed, type Costs } from "../src/measuring/costs";
import { countText, roundCountText, sizeText, timeText } from "../src/measuring/quantities";

const measured: Costs = {
  question: 6,
  questions: 192,
  compare: 1e-4,
  vectors: 320,
  width: 384,
  lengths: [
    { words: 20, embed: 5, read: 4 },
    { words: 60, embed: 13, read: 20 },
    { words: 180, embed: 45, read: 65 },
  ],
  batch: 8,
  workers: 2,
  device: "cpu (simd128, int16)",
  biEncoder: "bi",
  crossEncoder: "cross",
};

const query = (i: number): LabelledQuery => ({ id: `q${i}`, shelf: "s", text: `question ${i}`, trap: null, twin: null, grades: {} });
const passage = (i: number): Passage => ({ id: `p${i}`, shelf: "s", title: `P${i}`, text: `passage number ${i} of the library` });
const corpus = new Corpus(Array.from({ length: 100 }, (_, i) => passage(i)), [query(0), query(1), query(2)]);

/** A ranker without models that keeps scores as the real one does. */
function fakeRanker(): { ranker: Ranker; read: string[]; asked: () => number } {
  const known = new Set<string>();
  const read: string[] = [];
  let asked = 0;
  const ranker = {
    info: () => ({ gpu: { state: "off" }, workers: 2, workersWanted: 2, workersLost: [], device: "cpu (fake)", biEncoder: { id: "bi", width: 4 }, crossEncoder: { id: "cross" } }),
    retrieve: () => {
      asked += 1;
      return Promise.resolve({ timings: { embed: 5, retrieve: 0.03, total: 6 } });
    },
    embed: (texts: readonly string[]) => Promise.resolve(texts.map(() => new Float32Array(4))),
    rerank: ({ query: text, documents }: { query: string; documents: readonly string[] }) => {
      const fresh = documents.filter((one) => !known.has(`${text}\n${one}`));
      for (const one of fresh) known.add(`${text}\n${one}`);
      read.push(text);
      return Promise.resolve({ results: [], scored: fresh.length, device: "cpu (fake)" });
    },
  };
  return { ranker: ranker as unknown as Ranker, read, asked: () => asked };
}

describe("quantities", () => {
  it.each([
    [0, "0 ms"],
    [0.00012, "0.12 µs"],
    [0.03, "30 µs"],
    [6.42, "6.4 ms"],
    [127.6, "128 ms"],
    [999.6, "1.0 s"],
    [59_000, "59 s"],
    [100_000, "1.7 min"],
    [300_000, "5.0 min"],
    [8 * 3_600e3, "8.0 h"],
    [86_400e3, "24 h"],
    [7.5 * 86_400e3, "7.5 days"],
    [31_557_600e3, "1.0 year"],
    [12 * 31_557_600e3, "12 years"],
  ])("writes %d ms as %s", (time, text) => expect(timeText(time)).toBe(text));
  it("writes sizes and counts", () => {
    expect([388, 124_160, 388e6, 3.88e9].map(sizeText)).toEqual(["388 bytes", "124 kB", "388 MB", "3.9 GB"]);
    expect(countText(1234567)).toBe("1,234,567");
    expect([1000, 200_000, 1e6, 2.5e7].map(roundCountText)).toEqual(["1,000", "200,000", "1 million", "25 million"]);
  });
});

describe("costs", () => {
  it("cuts out as many runs of words as it is asked for, distinct as long as there are words", () => {
    const words = Array.from({ length: 100 }, (_, i) => `w${i}`);
    expect(cutOut(words, 3, 2, 1)).toEqual(["w3 w4 w5", "w6 w7 w8"]);
    expect(new Set(cutOut(words, 20, 5, 3)).size).toBe(5);
    expect(cutOut(["one"], 20, 2, 0)).toEqual(["one", "one"]);
  });
  it("leaves out comparisons that were interrupted, and keeps those of a coarse clock", () => {
    expect(undisturbed([0, 0, 0.1, 0, 80])).toEqual([0, 0, 0.1, 0]);
    expect(undisturbed([3, 3, 4])).toEqual([3, 3, 4]);
  });
  it("interpolates between lengths and doesn't go beyond them", () => {
    const at = (words: number): number => costAt(measured.lengths, words, "read");
    expect([10, 20, 40, 60, 120, 180, 500].map(at)).toEqual([4, 4, 12, 20, 42.5, 65, 65]);
    expect(costAt([], 60, "embed")).toBe(0);
  });
  it("measures with pairs that nobody has read, once for everybody", async () => {
    const { ranker, read, asked } = fakeRanker();
    const steps: [number, number][] = [];
    const [one, other] = await Promise.all([costsOf(ranker, corpus, { onProgress: (...step) => steps.push(step) }), costsOf(ranker, corpus)]);
    expect(other).toBe(one);
    expect(await costsOf(ranker, corpus)).toBe(one);
    expect(asked()).toBe(3);
    expect(steps.at(-1)?.[0]).toBe(steps.at(-1)?.[1]);
    expect(one).toMatchObject({ question: 5, questions: 3, vectors: 100, width: 4, workers: 2, device: "cpu (fake)" });
    expect(one.compare).toBeCloseTo(0.03 / 100);
    expect(one.lengths.map(({ words }) => words)).toEqual(LENGTHS);
    // Three questions and many more readings: the later ones differ by spaces.
    expect(new Set(read).size).toBeGreaterThan(3);
  });
  it("is given up when nobody waits, and measured afresh by whoever asks next", async () => {
    const { ranker } = fakeRanker();
    const controller = new AbortController();
    const given = costsOf(ranker, corpus, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    expect(await costsOf(ranker, corpus)).toMatchObject({ questions: 3 });
  });
  it("gives plain JSON", async () => {
    const { ranker } = fakeRanker();
    const lab = { corpus, ranker: () => Promise.resolve(ranker) } as unknown as Lab;
    const devices: string[] = [];
    const input = costs.input(costs.start(new Settings({}), corpus));
    const data = await costs.compute(lab, input ?? { lengths: [] }, { signal: new AbortController().signal, onProgress: () => undefined, ran: (name) => devices.push(name) });
    expect(JSON.parse(JSON.stringify(data))).toEqual(data);
    expect(devices).toEqual(["cpu (fake)"]);
    expect(() => costs.start(new Settings({ pool: 3 }), corpus)).toThrow("pool");
  });
  it("says what the costs come to", () => {
    expect(costsText(measured)).toBe(
      "On this run’s device, cpu (simd128, int16), with 2 workers, reading one pair takes 20 ms if the passage has 60 words: as long as comparing a question with 200,000 vectors. " +
        "For a question to all 320 passages of this library, the bi-encoder needs 6.0 ms, nearly all of it for the question’s own vector; the cross-encoder would need 6.4 s.",
    );
    expect(costsText({ ...measured, compare: 0 })).not.toContain("as long as");
    expect(lengthsText(measured)).toContain("From 20 words to 180, the time for a passage’s vector grows from 5.0 ms to 45 ms, the time for a pair from 4.0 ms to 65 ms");
  });
});

// What the text says outright.
describe("what lesson 4 says", () => {
  const { data } = JSON.parse(readFileSync(new URL("../lessons/recorded/scout-and-judge.1.json", import.meta.url), "utf8")) as { data: Costs };
  it("is what its exhibit shows: comparing and reading are so far apart that they have different units", () => {
    expect(data.compare).toBeGreaterThan(0);
    expect(data.compare).toBeLessThan(0.001);
    for (const { read } of data.lengths) expect(read).toBeGreaterThan(1);
  });
  it("is what its exhibit shows: longer passages cost more, either way", () => {
    const [short, usually, long] = data.lengths;
    for (const what of ["embed", "read"] as const) {
      expect(usually?.[what]).toBeGreaterThan(short?.[what] ?? Infinity);
      expect(long?.[what]).toBeGreaterThan(usually?.[what] ?? Infinity);
    }
  });
});
