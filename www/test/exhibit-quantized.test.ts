import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Ranker } from "tabrank";
import { describe, expect, it } from "vitest";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import { quantized } from "../src/lessons/exhibits/quantized";
import { boundsText, partingOf, partingText } from "../src/lessons/exhibits/quantized/findings";
import reference from "../src/lessons/exhibits/quantized/float-logits.json";
import type { Lab } from "../src/lessons/lab";
import { Settings } from "../src/lessons/settings";

const pairs = (...logits: [float: number, eight: number][]) => logits.map(([float, eight], i) => ({ query: "q", passage: `p${i}`, float, eight }));

describe("8 bits against floats", () => {
  it("has floats of the present fixtures and model", () => {
    const tool = fileURLToPath(new URL("../../tools/float-logits.mjs", import.meta.url));
    expect(() => execFileSync(process.execPath, [tool, "--check"], { stdio: "pipe" })).not.toThrow();
  });

  it("reads each question once, and puts its logits beside the floats", async () => {
    const ids = (of: "query" | "passage"): string[] => [...new Set(reference.pairs.map((pair) => pair[of]))];
    const corpus = new Corpus(
      ids("passage").map((id): Passage => ({ id, shelf: "s", title: id, text: `passage ${id}` })),
      ids("query").map((id): LabelledQuery => ({ id, shelf: "s", text: `question ${id}`, trap: null, twin: null, grades: {} })),
    );
    const floats = new Map(reference.pairs.map(({ query, passage, logit }) => [`question ${query} passage ${passage}`, logit]));
    const asked: string[] = [];
    let sha256 = reference.sha256;
    const ranker = {
      info: () => ({ crossEncoder: { sha256 } }),
      rerank: async ({ query, documents }: { query: string; documents: string[] }) => {
        asked.push(query);
        const results = documents.map((document, index) => ({ index, logit: (floats.get(`${query} ${document}`) ?? Number.NaN) + 0.25 }));
        return { results: results.reverse(), device: "abacus" };
      },
    } as unknown as Ranker;
    const none = (): never => {
      throw new Error("not asked for");
    };
    const lab: Lab = { corpus, manifest: { defaults: {}, models: [] } as never, ranker: none, evaluator: none, recorded: none, reranker: async () => ranker };
    const steps: [number, number][] = [];
    const told = { signal: new AbortController().signal, onProgress: (done: number, total: number) => steps.push([done, total]), ran: () => undefined };
    const start = quantized.start(new Settings({}), corpus);
    const { pairs: found } = await quantized.compute(lab, start, told);
    expect(asked).toEqual(ids("query").map((id) => `question ${id}`));
    expect(steps.at(-1)).toEqual([60, 60]);
    expect(found).toHaveLength(60);
    for (const { float, eight } of found) expect(eight - float).toBeCloseTo(0.25, 4);
    expect(found.map(({ float }) => float)).toEqual([...found.map(({ float }) => float)].sort((a, b) => a - b));
    sha256 = "another";
    await expect(quantized.compute(lab, start, told)).rejects.toThrow("another version of tabrank-minilm-l6");
    await expect(quantized.compute({ ...lab, corpus: new Corpus([], []) }, start, told)).rejects.toThrow("another version");
    sha256 = reference.sha256;
    await expect(quantized.compute({ ...lab, corpus: new Corpus([], []) }, start, told)).rejects.toThrow("The library doesn’t hold");
  });

  it("measures how far they are apart", () => {
    expect(partingOf(pairs([1, 1], [2, 2], [3, 3]))).toEqual({ pairs: 3, most: 0, mean: 0, tau: 1, swapped: 0 });
    expect(partingOf(pairs([1, 3], [2, 2], [3, 1]))).toMatchObject({ most: 2, tau: -1, swapped: 3 });
    expect(partingOf(pairs([1, 1.5], [1.25, 1.25], [3, 3])).tau).toBeCloseTo(1 / 3, 12);
    // A tie agrees with nothing.
    expect(partingOf(pairs([1, 1], [2, 1])).tau).toBe(0);
    expect(partingOf([]).tau).toBe(1);
    expect(partingText(pairs([-1, -1], [2, 2.5]))).toBe(
      "Over 2 pairs with logits from −1.0 to 2.0, 8 bits move a logit by 0.250 on average and by 0.500 at most. Kendall’s tau of the two orders is 1.000: of 1 pairs of scores 0 stand the other way round.",
    );
    expect(boundsText(pairs([1, 1.01]))).toContain("This run keeps within both.");
    expect(boundsText(pairs([1, 1.2]))).toContain("does not keep within both.");
  });
});
