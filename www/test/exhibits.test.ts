import type { Ranker } from "tabrank";
import { describe, expect, it } from "vitest";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import { apart } from "../src/view/chart";
import type { ComputeOptions } from "../src/lessons/exhibit";
import { trap } from "../src/lessons/exhibits/trap";
import { movement, movementText, ranking, verdictText } from "../src/lessons/exhibits/trap/findings";
import { leaveOut, words } from "../src/lessons/exhibits/words";
import { bare, scaleOf, signed, strongestText, watchedText, wordText } from "../src/lessons/exhibits/words/findings";
import type { Lab } from "../src/lessons/lab";
import { markText } from "../src/lessons/mark";
import { outdated, same, type Recorded } from "../src/lessons/recorded";
import { Settings } from "../src/lessons/settings";
import { cosine } from "../src/lessons/vectors";

const passage = (id: string, text: string): Passage => ({ id, shelf: "s", title: `${id}: a title`, text });
const query = (id: string, text: string, grades: Record<string, number>, kind: string | null): LabelledQuery => ({
  id,
  shelf: "s",
  text,
  trap: kind,
  twin: null,
  grades,
});
const corpus = new Corpus(
  [passage("one", "alpha beta"), passage("two", "gamma delta"), passage("three", "not a reed")],
  [query("q1", "without a reed", { one: 3, two: 1 }, "negation"), query("q2", "with a reed", { two: 3, one: 1 }, null)],
);

/**
 * A lab whose models are arithmetic: the vector of a text is its length beside 1, made a unit; a logit is the number of letters that
 * question and passage have between them. Answers come best first, as the ranker's do.
 */
function lab(): { lab: Lab; asked: string[] } {
  const asked: string[] = [];
  const vector = (text: string): Float32Array => new Float32Array([text.length, 1].map((part) => part / Math.hypot(text.length, 1)));
  const ranker = {
    embed: async (texts: string[], { kind }: { kind: string }) => {
      asked.push(`embed ${texts.length} ${kind}`);
      return texts.map(vector);
    },
    rerank: async ({ query: text, documents, onProgress }: { query: string; documents: string[]; onProgress?: (done: number, total: number) => void }) => {
      asked.push(`rerank ${documents.length} “${text}”`);
      onProgress?.(documents.length, documents.length);
      const results = documents.map((document, index) => ({ index, logit: text.length + document.length }));
      return { results: results.sort((a, b) => b.logit - a.logit), device: "abacus" };
    },
    retrieve: async (text: string, { pool }: { pool: number }) => {
      asked.push(`retrieve ${pool} “${text}”`);
      const ids = text.startsWith("without") ? ["two", "one"] : ["one", "three"];
      return { retrieved: ids.map((id) => ({ id })) };
    },
  } as unknown as Ranker;
  const none = (): never => {
    throw new Error("not asked for");
  };
  return { asked, lab: { corpus, manifest: { defaults: {}, models: [] } as never, ranker: async () => ranker, reranker: none, evaluator: none, recorded: none } };
}

function options(): { options: ComputeOptions; steps: [number, number][]; devices: string[] } {
  const steps: [number, number][] = [];
  const devices: string[] = [];
  return {
    steps,
    devices,
    options: { signal: new AbortController().signal, onProgress: (done, total) => steps.push([done, total]), ran: (device) => devices.push(device) },
  };
}

const TRAP = { with: "without a reed", without: "with a reed", passages: ["one", "two"] };
const trapStart = trap.start(new Settings(TRAP), corpus);
const wordsStart = words.start(new Settings({ query: "with a reed", passage: "three", watch: ["reed"] }), corpus);

describe("settings of an exhibit", () => {
  it("are named where they are wrong", () => {
    expect(() => trap.start(new Settings({ ...TRAP, with: 3 }), corpus)).toThrow("with must be a text, but it is 3.");
    expect(() => trap.start(new Settings({ ...TRAP, passages: "one" }), corpus)).toThrow('passages must be a list of texts, but it is "one".');
    expect(() => trap.start(new Settings({ ...TRAP, passages: ["one", "none"] }), corpus)).toThrow("none, which is not in the library");
    expect(() => trap.start(new Settings({ ...TRAP, word: 1 }), corpus)).toThrow("There is no setting word here; there are with, without, passages.");
    expect(() => words.start(new Settings({ query: "q", passage: "none" }), corpus)).toThrow("not in the library");
    expect(() => new Settings({ pool: 500 }).number("pool", { min: 1, max: 50 })).toThrow("pool must be a number from 1 to 50, but it is 500.");
    expect(() => new Settings({}).number("pool")).toThrow("but it is missing.");
    expect(() => new Settings({ sizes: [1, "2"] }).numbers("sizes")).toThrow('sizes must be a list of numbers, but it is [1,"2"].');
  });
});

describe("the trap", () => {
  it("keeps its state in an address", () => {
    for (const state of [
      trapStart,
      { ...trapStart, asked: 1 as const },
      { queries: ["a & b", "c"] as const, passages: null, asked: 0 as const },
      { queries: [TRAP.with, "c"] as const, passages: null, asked: 1 as const },
    ]) {
      const kept = trap.keep(state, trapStart);
      expect(trap.restore(trapStart, new Map(Object.entries(kept)), corpus)).toEqual(state);
    }
    expect(trap.keep(trapStart, trapStart)).toEqual({});
    expect(trap.restore(trapStart, new Map([["a", "x".repeat(5000)], ["word", "maybe"]]), corpus).queries[0]).toHaveLength(300);
  });

  it("computes for the passages of the lesson, and nothing for an empty question", async () => {
    const { lab: here, asked } = lab();
    const { options: told, steps, devices } = options();
    const input = trap.input(trapStart);
    const { passages } = await trap.compute(here, input as NonNullable<typeof input>, told);
    expect(asked).toEqual(["embed 2 query", "embed 2 document", "rerank 2 “without a reed”", "rerank 2 “with a reed”"]);
    expect(passages.map(({ id, logits }) => [id, logits])).toEqual([
      ["one", [24, 21]],
      ["two", [25, 22]],
    ]);
    expect(passages[0]?.cosines[0]).toBeCloseTo((14 * 10 + 1) / Math.hypot(14, 1) / Math.hypot(10, 1), 6);
    expect(steps.at(-1)).toEqual([4, 4]);
    expect(devices).toContain("abacus");
    expect(trap.input({ ...trapStart, queries: [" ", "b"] })).toBeUndefined();
  });

  it("computes for what the bi-encoder finds where the questions are the reader's own", async () => {
    const { lab: here, asked } = lab();
    const { passages } = await trap.compute(here, { queries: ["without", "with"], passages: null }, options().options);
    expect(asked.slice(0, 2)).toEqual(["retrieve 5 “without”", "retrieve 5 “with”"]);
    expect(passages.map(({ id }) => id)).toEqual(["two", "one", "three"]);
  });

  const data = { passages: [{ id: "one", cosines: [0.5, 0.51], logits: [3, -1] }, { id: "two", cosines: [0.7, 0.69], logits: [1, 1] }] } as const;
  it("says how far the word moves what, and who is right", () => {
    expect(ranking(data, "logits", 0).map(({ id }) => id)).toEqual(["one", "two"]);
    expect(ranking(data, "logits", 1).map(({ id }) => id)).toEqual(["two", "one"]);
    expect(movement(data, "logits")).toEqual({ mean: 2, most: 4, share: 0.5 });
    expect(movement({ passages: [] }, "logits")).toMatchObject({ mean: 0, most: 0, share: 0 });
    expect(movementText(data)).toContain("moves by 0.010 on average, 5 % of what lies between the highest cosine here and the lowest; its logit by 2.00, 50 %.");
    const input = { queries: ["without a reed", "with a reed"], passages: null } as const;
    expect(verdictText(corpus, input, data, 0)).toBe(
      "Of these passages the bi-encoder puts “two: a title” (≈ near miss) first, the cross-encoder “one: a title” (✓ answers). The one that answers is at place 2 by cosine and 1 by logit.",
    );
    expect(verdictText(corpus, { ...input, queries: ["x", "y"] }, data, 0)).toContain("Nobody has labelled this question");
  });
});

describe("leave-one-out", () => {
  it("leaves out each word once, and of a long text only the first ones", () => {
    expect(leaveOut(" a  b\nc ", 10)).toEqual({ whole: "a b c", words: ["a", "b", "c"], rest: "", without: ["b c", "a c", "a b"] });
    expect(leaveOut("a b c", 2)).toEqual({ whole: "a b c", words: ["a", "b"], rest: "c", without: ["b c", "a c"] });
    expect(leaveOut("only", 2)).toEqual({ whole: "only", words: ["only"], rest: "", without: [] });
  });

  it("gives each word the score with it less the score without it", async () => {
    const { lab: here, asked } = lab();
    const { options: told, steps } = options();
    const found = await words.compute(here, wordsStart, told);
    expect(asked).toEqual([
      "embed 4 query",
      "embed 4 document",
      "rerank 4 “with a reed”",
      "rerank 1 “a reed”",
      "rerank 1 “with reed”",
      "rerank 1 “with a”",
    ]);
    expect(found.logit).toBe(21);
    // A word counts as many letters as it has, and its space.
    expect(found.query.map(({ text, logit }) => [text, logit])).toEqual([["with", 5], ["a", 2], ["reed", 5]]);
    expect(found.passage.map(({ text, logit }) => [text, logit])).toEqual([["not", 4], ["a", 2], ["reed", 5]]);
    const at = (a: number, b: number): number => (a * b + 1) / Math.hypot(a, 1) / Math.hypot(b, 1);
    expect(found.cosine).toBeCloseTo(at(11, 10), 6);
    expect(found.query[0]?.cosine).toBeCloseTo(at(11, 10) - at(6, 10), 6);
    expect(found.passage[2]?.cosine).toBeCloseTo(at(11, 10) - at(11, 5), 6);
    expect(steps.at(-1)).toEqual([7, 7]);
  });

  it("says nothing of a single word", async () => {
    const { query: only } = await words.compute(lab().lab, { ...wordsStart, query: "reed" }, options().options);
    expect(only).toEqual([{ text: "reed", cosine: null, logit: null }]);
    const [word] = only;
    expect(word && wordText(word, "question")).toBe("Without “reed” nothing would be left of the question.");
  });

  it("keeps its state in an address, but for texts that are too long", () => {
    for (const state of [wordsStart, { ...wordsStart, query: "a?", passage: "one" }, { ...wordsStart, text: "my own\ntext" }, { ...wordsStart, text: "" }]) {
      const kept = words.keep(state, wordsStart);
      expect(words.restore(wordsStart, new Map(Object.entries(kept)), corpus)).toEqual(state);
    }
    expect(words.keep({ ...wordsStart, text: "x".repeat(2000) }, wordsStart)).toEqual({});
    expect(words.restore(wordsStart, new Map([["p", "none"]]), corpus).passage).toBe("three");
    expect(words.input({ ...wordsStart, text: "  " })).toBeUndefined();
    expect(words.input(wordsStart)).toEqual({ query: "with a reed", passage: "three", text: null });
  });

  it("puts changes into words", () => {
    const data = {
      cosine: 0.5,
      logit: 1,
      query: [{ text: "not", cosine: -0.001, logit: 0.7 }],
      queryRest: "",
      passage: [{ text: "reed.", cosine: 0.25, logit: -1.4 }, { text: "the", cosine: null, logit: null }],
      passageRest: "",
    };
    expect([scaleOf(data, "cosine"), scaleOf(data, "logit")]).toEqual([0.25, 1.4]);
    expect(scaleOf({ ...data, query: [], passage: [] }, "logit")).toBe(1);
    expect(strongestText(data, "logit")).toBe("Most for the logit: “reed” (−1.40), “not” (+0.70).");
    expect(watchedText(data, ["not", "reed", "cane"])).toBe(
      "“not” in the question: cosine −0.001, logit +0.70. “reed” in the passage: cosine +0.250, logit −1.40.",
    );
    expect(wordText({ text: "not", cosine: -0.001, logit: 0.7 }, "question")).toBe("“not” in the question: cosine −0.001, logit +0.70.");
    expect([signed(0.0001, 3), signed(-0.0001, 3), bare("(reed,"), bare("–")]).toEqual(["0.000", "0.000", "reed", "–"]);
  });
});

describe("the mark of a run", () => {
  const recorded: Recorded = {
    made: "2026-11-21",
    version: "1.2.3",
    build: "simd128",
    device: "cpu",
    models: { a: "1", b: "2" },
    corpus: { passages: "p", queries: "q" },
    input: { x: 1, y: [2] },
    data: null,
  };
  const past = "Recorded on 2026-11-21 with a and b (engine 1.2.3, simd128).";

  it("says what is shown and what is to come", () => {
    expect(markText({ kind: "waiting" }, recorded, true)).toBe(`${past} Your own run follows as soon as the models are here.`);
    expect(markText({ kind: "waiting" }, undefined, false)).toBe("This is computed here as soon as the models are there.");
    expect(markText({ kind: "computing" }, recorded, true)).toBe(`${past} Your own run is under way.`);
    expect(markText({ kind: "done", seconds: 0.84, device: "abacus" }, undefined, true)).toBe("Computed in this tab, just now, in 0.8 s on abacus.");
    expect(markText({ kind: "done", seconds: 0.0004, device: "abacus" }, undefined, true)).toContain("in 1 ms on");
    expect(markText({ kind: "unloaded", reason: "gone." }, recorded, true)).toBe(`${past} It stays, as the models could not be loaded: gone.`);
    expect(markText({ kind: "unloaded", reason: "gone." }, undefined, false)).toBe("The models could not be loaded: gone.");
    expect(markText({ kind: "failed", reason: "no." }, recorded, true)).toBe(`${past} This could not be computed: no.`);
    expect(markText({ kind: "offered" }, recorded, true)).toBe(past);
  });

  it("tells a run of other input, corpus or models from a present one", () => {
    const present = { input: { y: [2], x: 1 }, corpus: recorded.corpus, models: new Map([["a", "1"], ["b", "2"], ["c", null]]) };
    expect(outdated(recorded, present)).toBeUndefined();
    expect(outdated(recorded, { ...present, input: { x: 1, y: [3] } })).toContain("asks something else");
    expect(outdated(recorded, { ...present, corpus: { passages: "P", queries: "q" } })).toContain("passages.jsonl has changed");
    expect(outdated(recorded, { ...present, corpus: { passages: "p", queries: "Q" } })).toContain("queries.jsonl has changed");
    expect(outdated(recorded, { ...present, models: new Map([["a", "1"]]) })).toBe("the model b has changed");
    expect(same([1, 2], [2, 1])).toBe(false);
  });
});

describe("a drawing", () => {
  it("moves labels apart, no farther than they have to, in their order", () => {
    expect(apart([10, 50], 5)).toEqual([10, 50]);
    expect(apart([10, 11], 5)).toEqual([8, 13]);
    expect(apart([11, 10], 5)).toEqual([13, 8]);
    expect(apart([0, 1, 20], 4, 0)).toEqual([0, 4, 20]);
    expect(apart([19, 20], 4, 0, 20)).toEqual([16, 20]);
    expect(apart([], 4)).toEqual([]);
    for (let round = 0; round < 200; round += 1) {
      const places = Array.from({ length: 1 + (round % 9) }, () => Math.random() * 30);
      const moved = apart(places, 3);
      const sorted = [...moved].sort((a, b) => a - b);
      sorted.slice(1).forEach((place, i) => expect(place - (sorted[i] ?? 0)).toBeGreaterThan(3 - 1e-9));
      places.forEach((a, i) => places.forEach((b, j) => expect(a < b && (moved[i] ?? 0) > (moved[j] ?? 0)).toBe(false)));
    }
  });

  it("has cosines of unit vectors", () => {
    expect(cosine(new Float32Array([0.6, 0.8]), new Float32Array([0.8, 0.6]))).toBeCloseTo(0.96, 6);
  });
});
