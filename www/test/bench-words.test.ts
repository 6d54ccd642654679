import { describe, expect, it } from "vitest";
import { readPlace, writePlace } from "../src/address";
import { sample } from "../src/bench/corpus/estimate";
import { about, took } from "../src/bench/duration";
import { partOf, type PartEntry } from "../src/bench/part";
import { Corpus, placeOf, type LabelledQuery } from "../src/corpus";
import { FIRST_QUERY } from "../src/state";

describe("times in words", () => {
  it("are no more exact than an extrapolation is", () => {
    expect([500, 4200, 41_000, 58_000, 170_000, 3_500_000, 5_400_000, 7_190_000].map(about)).toEqual([
      "a few seconds",
      "about 5 seconds",
      "about 45 seconds",
      "about 1 minute",
      "about 3 minutes",
      "about 58 minutes",
      "about 1 hour 30 minutes",
      "about 2 hours",
    ]);
  });
  it("are exact where they were measured", () => {
    expect([1234, 12_400, 59_900, 200_400].map(took)).toEqual(["1.2 s", "12 s", "60 s", "3 min 20 s"]);
  });
});

describe("a sample", () => {
  it("is spread evenly, and all of a few", () => {
    expect(sample([1, 2, 3], 6)).toEqual([1, 2, 3]);
    expect(
      sample(
        Array.from({ length: 60 }, (_, n) => n),
        6,
      ),
    ).toEqual([5, 15, 25, 35, 45, 55]);
  });
});

describe("the parts of the bench", () => {
  const parts = ["a", "b"].map((slug): PartEntry => ({ slug, label: slug, make: () => Promise.reject(new Error("not made here")) }));
  it("are named in the address, the first without a name", () => {
    expect(partOf([["bench", ""]], parts)?.slug).toBe("a");
    expect(partOf([["bench", "b"]], parts)?.slug).toBe("b");
    expect(partOf([["bench", "c"]], parts)).toBeUndefined();
  });
});

describe("the library in the address", () => {
  it("has no opening question but the reader's own", () => {
    expect(readPlace("?corpus=notes-1").settings).toMatchObject({ corpus: "notes-1", query: "" });
    expect(writePlace(readPlace("?corpus=notes-1"))).toBe("?corpus=notes-1");
    expect(writePlace(readPlace("?corpus=notes-1&q=tea"))).toBe("?q=tea&corpus=notes-1");
    expect(writePlace(readPlace("?bench=corpus&corpus=notes-1"))).toBe("?bench=corpus&corpus=notes-1");
    expect(readPlace("?corpus=").settings).toMatchObject({ corpus: undefined, query: FIRST_QUERY });
  });
});

describe("a library of one's own", () => {
  const passage = { id: "a", shelf: "Plan", title: "Plan (1 of 2)", text: "t", file: "plan.md" };
  const query: LabelledQuery = { id: "q1", shelf: "", text: "tea", trap: null, twin: null, grades: { a: 2, b: 0 } };
  it("knows nothing of passages without a grade", () => {
    const corpus = new Corpus([passage, { ...passage, id: "b" }, { ...passage, id: "c" }], [query]);
    expect(["a", "b", "c"].map((id) => corpus.mark(query, id))).toEqual(["answers", "off", undefined]);
    const { file: _, ...plain } = passage;
    expect(new Corpus([plain], [query]).mark(query, "c")).toBe("off");
  });
  it("says where a passage is from, without saying the title twice", () => {
    expect(placeOf(passage)).toBe("plan.md");
    expect(placeOf({ ...passage, title: "Tea", shelf: "my-notes" })).toBe("my-notes");
    expect(placeOf({ id: "x", shelf: "api-limits", title: "T", text: "t" })).toBe("API limits");
  });
});
