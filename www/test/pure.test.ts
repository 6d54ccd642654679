import { describe, expect, it } from "vitest";
import { Corpus, parseJsonLines, shelfName, type LabelledQuery } from "../src/corpus";
import { answersOf, markOf } from "../src/labels";
import { moveOf, whatMoved } from "../src/movement";
import { FIRST_QUERY, readSettings, writeSettings } from "../src/state";
import { inWords } from "../src/view/machine";
import { ceilingOn, outsidePool, verdictOn } from "../src/verdict";
import { ownWords } from "../src/words";

const trap: LabelledQuery = {
  id: "s-q1",
  shelf: "s",
  text: "a cake without eggs",
  trap: "negation",
  twin: "s-q2",
  grades: { full: 3, part: 2, near: 1 },
};
const twin: LabelledQuery = { ...trap, id: "s-q2", text: "a cake with eggs", trap: null, twin: "s-q1", grades: { near: 3 } };
const plain: LabelledQuery = { ...trap, id: "s-q3", text: "a plain cake", trap: null, twin: null };
const title = (id: string): string => id.toUpperCase();
const ids = (...list: string[]): { id: string }[] => list.map((id) => ({ id }));

describe("labels", () => {
  it("reads grades as marks", () => {
    expect(["full", "part", "near", "other"].map((id) => markOf(trap, id))).toEqual(["answers", "answers", "near-miss", "off"]);
  });
  it("lists the answers, the fullest first", () => {
    expect(answersOf({ ...trap, grades: { near: 1, part: 2, full: 3 } })).toEqual(["full", "part"]);
  });
});

describe("verdict", () => {
  const on = (query: LabelledQuery, scout: string[], judge: string[]) =>
    verdictOn(query, { retrieved: ids(...scout), reranked: ids(...judge) }, title);

  it("says that the cross-encoder corrects the bi-encoder", () => {
    expect(on(trap, ["near", "full"], ["full", "near"])).toEqual({
      outcome: "corrected",
      text: "The bi-encoder falls into the trap: its first passage, “NEAR”, is a near miss. The cross-encoder corrects it: “FULL” answers the question.",
    });
  });
  it("says that both fall in", () => {
    const verdict = on(trap, ["near", "full"], ["near", "full"]);
    expect(verdict?.outcome).toBe("both-wrong");
    expect(verdict?.text).toContain("The cross-encoder falls in as well: it leaves the same passage first.");
  });
  it("says that the cross-encoder can't help where the pool holds no answer", () => {
    expect(on(trap, ["near"], ["near"])?.text).toContain("no passage that answers is in the pool");
  });
  it("says that the cross-encoder spoils what was right", () => {
    const verdict = on(trap, ["full", "near"], ["near", "full"]);
    expect(verdict?.outcome).toBe("spoiled");
    expect(verdict?.text).toContain("The bi-encoder avoids the trap");
    expect(verdict?.text).toContain("The cross-encoder falls into the trap: what it puts first, “NEAR”, is a near miss.");
  });
  it("says that both are right, with one passage or with two", () => {
    expect(on(trap, ["full"], ["full"])?.text).toContain("Neither falls into the trap: both put “FULL” first");
    expect(on(trap, ["full", "part"], ["part", "full"])?.text).toContain("both answer the question");
  });
  it("speaks of traps only for near misses of traps", () => {
    expect(on(plain, ["near", "full"], ["full"])?.text).toContain("The bi-encoder is wrong: its first passage, “NEAR”, is a near miss.");
    expect(on(trap, ["other", "full"], ["other"])?.text).toContain("The bi-encoder is wrong: its first passage, “OTHER”, is off the question.");
    expect(on(plain, ["full"], ["full"])?.text).toContain("Both are right");
  });
  it("is silent about empty rankings", () => {
    expect(on(trap, [], [])).toBeUndefined();
  });
});

describe("recall ceiling", () => {
  it("names what the pool left out, with ranks where they are known", () => {
    const missing = outsidePool(trap, ids("near"), new Map([["part", 7]]));
    expect(missing).toEqual([
      { id: "full", rank: undefined },
      { id: "part", rank: 7 },
    ]);
    expect(ceilingOn(trap, missing, 1, title)).toBe(
      "Recall ceiling: 2 of the 2 passages that answer are outside the pool of 1; no reranker can bring them back. Left out: “FULL” and “PART” (rank 7 in the first stage).",
    );
  });
  it("counts in the singular", () => {
    expect(ceilingOn(twin, outsidePool(twin, ids("full"), new Map()), 3, title)).toContain(
      "the one passage that answers is outside the pool of 3; no reranker can bring it back",
    );
  });
  it("is silent where nothing is missing", () => {
    expect(ceilingOn(trap, outsidePool(trap, ids("full", "part"), new Map()), 2, title)).toBeUndefined();
  });
});

describe("movement", () => {
  it("tells risen, fallen and same apart by sign and word", () => {
    expect(moveOf(4, 1)).toEqual({ kind: "risen", sign: "▲ 3", words: "risen by 3" });
    expect(moveOf(1, 3)).toEqual({ kind: "fallen", sign: "▼ 2", words: "fallen by 2" });
    expect(moveOf(2, 2).kind).toBe("same");
  });
  it("says what moved", () => {
    const placed = (id: string, rank: number, previousRank: number) => ({ id, rank, previousRank });
    expect(whatMoved([placed("b", 1, 2), placed("a", 2, 1), placed("c", 3, 3)], title)).toBe(
      "The cross-encoder brought “B” from 2 to 1; “A”, first before, is now at 2. 2 of 3 passages changed rank.",
    );
    expect(whatMoved([placed("a", 1, 1), placed("c", 2, 3), placed("b", 3, 2)], title)).toContain("Both put “A” first.");
    expect(whatMoved([placed("a", 1, 1), placed("b", 2, 2)], title)).toContain("in the bi-encoder’s order");
    expect(whatMoved([placed("a", 1, 1)], title)).toContain("nothing to reorder");
    expect(whatMoved([], title)).toContain("empty");
  });
});

describe("words", () => {
  const own = (text: string, other: string) => ownWords(text, other).map(({ text, own }) => (own ? `[${text}]` : text)).join(" ");
  it("marks the words that the twin lacks", () => {
    expect(own("a database that does not need a server", "a database that needs a server")).toBe("a database that [does not need] a server");
    expect(own("Is there a frog that eats snakes?", "Is there a snake that eats frogs?")).toBe("Is there a [frog] that eats [snakes?]");
    expect(own("pruned after flowering", "pruned before flowering")).toBe("pruned [after] flowering");
    expect(own("the same", "the same")).toBe("the same");
  });
});

describe("corpus", () => {
  const corpus = new Corpus(
    parseJsonLines('{"id":"full","shelf":"s","title":"Full","text":"..."}\n\n', "passages.jsonl"),
    [trap, twin, plain],
  );
  it("says which line of a file is at fault", () => {
    expect(() => parseJsonLines('{"id":1}\n\n{"id":', "queries.jsonl")).toThrow(/^queries\.jsonl, line 3: SyntaxError/);
  });
  it("finds labelled queries whatever their case and spacing", () => {
    expect(corpus.labelled("  A cake   without eggs ")).toBe(trap);
    expect(corpus.labelled("a cake")).toBeUndefined();
  });
  it("pairs a trap with its twin from either side", () => {
    expect(corpus.pairOf(trap)).toEqual({ trap, twin });
    expect(corpus.pairOf(twin)).toEqual({ trap, twin });
    expect(corpus.pairOf(plain)).toBeUndefined();
    expect(corpus.trapsByShelf().get("s")).toEqual([{ trap, twin }]);
  });
  it("names passages and shelves", () => {
    expect(corpus.title("full")).toBe("Full");
    expect(corpus.title("unknown")).toBe("unknown");
    expect(shelfName("api-authorization")).toBe("API authorization");
    expect(shelfName("law")).toBe("Law");
  });
});

describe("the GPU in words", () => {
  it("says what computes, and why", () => {
    expect(inWords({ state: "off", reason: "this browser offers no GPU" })).toBe("The CPU computes: this browser offers no GPU.");
    expect(inWords({ state: "failed", adapter: "a 1", reason: "the GPU was lost: gone" })).toMatch(/^The CPU computes, as the GPU \(a 1\) can’t .*lost/);
    const [agreement, cost] = [{ logits: 0.01234, cosine: 1 }, { batch: 0, token: 1 }];
    expect(inWords({ state: "ready", reason: "r", costs: { cpu: cost, gpu: cost } })).toBe("The GPU is used where it is faster: r.");
    expect(inWords({ state: "ready", adapter: "a 1", reason: "r", agreement })).toMatch(/^The GPU \(a 1\) is used: r\. .* within 0\.012 of/);
  });
});

describe("state", () => {
  it("goes to the address and back", () => {
    const settings = { query: "tea & cake?", pool: 7, topK: 3, biEncoder: "a", crossEncoder: "b", device: "webgpu" as const, corpus: "notes-1a2b3c" };
    expect(readSettings(writeSettings(settings))).toEqual(settings);
  });
  it("falls back to usual values and keeps to the limits", () => {
    expect(readSettings("?pool=0&k=999")).toMatchObject({ query: FIRST_QUERY, pool: 1, topK: 20 });
    expect(readSettings("?pool=many")).toMatchObject({ pool: 20, topK: 5, device: "auto" });
    expect(readSettings("?device=abacus")).toMatchObject({ device: "auto" });
    expect(readSettings("?q=")).toMatchObject({ query: "" });
  });
});
