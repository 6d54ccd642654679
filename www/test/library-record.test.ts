import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { LabelledQuery } from "../src/corpus";
import { contentHash } from "../src/library/digest";
import {
  corpusOf,
  countLabels,
  createLibrary,
  grade,
  graded,
  gradeOf,
  idsOf,
  renamed,
  type UserPassage,
  withoutFile,
  withoutQuery,
  withPassages,
} from "../src/library/library";

const passage = (id: string, text = `text of ${id}`, file = "f.txt"): UserPassage => {
  return { id, shelf: "S", title: id, text, document: id.replace(/#\d+$/, ""), position: 1, start: 0, end: text.length, file };
};
const made = (passages: UserPassage[], queries: LabelledQuery[] = []) =>
  createLibrary({ name: " My  notes! ", rule: "whole", passages, queries });

describe("the id of a library", () => {
  it("is made of its name and of what it holds", async () => {
    const library = await made([passage("a"), passage("b")]);
    expect(library.id).toMatch(/^my-notes-[\da-f]{6}$/);
    expect(library.name).toBe("My notes!");
    expect((await made([passage("a"), passage("b")])).id).toBe(library.id);
    expect((await made([passage("b"), passage("a")])).id).not.toBe(library.id);
    expect((await made([passage("a", "text"), passage("b")])).id).not.toBe(library.id);
    expect(renamed(library, "Other").id).toBe(library.id);
    expect((await createLibrary({ name: "   ", rule: "", passages: [] })).id).toMatch(/^my-library-[\da-f]{6}$/);
    expect((await createLibrary({ name: "!!!", rule: "", passages: [] })).id).toMatch(/^library-[\da-f]{6}$/);
  });

  it("begins with the hash by which the engine's index names its documents", async () => {
    const hash = createHash("sha256");
    for (const part of ["a", "naïve ☕", "b", ""]) {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(Buffer.byteLength(part)));
      hash.update(length).update(part);
    }
    const expected = hash.digest("hex");
    expect(
      await contentHash([
        { id: "a", text: "naïve ☕" },
        { id: "b", text: "" },
      ]),
    ).toBe(expected);
  });

  it("is random where the browser computes no hashes", async () => {
    const { getRandomValues } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    try {
      const ids = await Promise.all(Array.from({ length: 4 }, async () => (await made([passage("a")])).id));
      expect(ids.every((id) => /^my-notes-[\da-f]{6}$/.test(id))).toBe(true);
      expect(new Set(ids).size).toBeGreaterThan(1);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("files", () => {
  it("are added and removed with their labels", async () => {
    const library = await made([passage("a"), passage("b#1", "x", "g.md")]);
    const grown = await withPassages(library, [passage("c", "y", "g.md")]);
    expect(grown.passages.map(({ id }) => id)).toEqual(["a", "b#1", "c"]);
    expect([grown.created, grown.name]).toEqual([library.created, library.name]);
    expect(idsOf(grown).sort()).toEqual(["a", "b", "b#1", "c"]);
    const labelled = grade(grade(grade(grown, "one", "a", 3), "one", "c", 1), "two", "b#1", 2);
    const left = await withoutFile(labelled, "g.md");
    expect(left.passages.map(({ id }) => id)).toEqual(["a"]);
    expect(left.queries).toMatchObject([{ text: "one", grades: { a: 3 } }]);
    expect(left.id).not.toBe(grown.id);
  });

  it("make a corpus", async () => {
    const library = grade(await made([passage("a")]), "what?", "a", 3);
    expect(corpusOf(library).passage("a")?.text).toBe("text of a");
    expect(corpusOf(library).labelled("  WHAT? ")?.grades).toEqual({ a: 3 });
  });
});

describe("labels", () => {
  it("are given, changed and taken back, and nothing is changed in place", async () => {
    const library = await made([passage("a"), passage("b")]);
    const first = grade(library, " What  is it? ", "a", 3);
    expect(first.queries).toEqual([{ id: "q1", shelf: "", text: "What  is it?", trap: null, twin: null, grades: { a: 3 } }]);
    const second = grade(first, "what is it?", "b", 0);
    expect(second.queries[0]?.grades).toEqual({ a: 3, b: 0 });
    expect(gradeOf(second.queries, "WHAT IS IT?", "b")).toBe(0);
    expect(gradeOf(second.queries, "what is it?", "c")).toBeUndefined();
    expect(gradeOf(second.queries, "what is it?", "constructor")).toBeUndefined();
    expect(grade(second, "what is it?", "a", 1).queries[0]?.grades).toEqual({ a: 1, b: 0 });
    const third = grade(second, "what is it?", "b", null);
    expect(third.queries[0]?.grades).toEqual({ a: 3 });
    expect(grade(third, "what is it?", "a", null).queries).toEqual([]);
    expect([library.queries, first.queries[0]?.grades, second.queries[0]?.grades]).toEqual([[], { a: 3 }, { a: 3, b: 0 }]);
  });

  it("are not given to nothing", async () => {
    const library = await made([passage("a")]);
    expect(grade(library, "x", "gone", 3)).toBe(library);
    expect(graded([], "  ", "a", 3)).toEqual([]);
    expect(graded([], "x", "a", null)).toEqual([]);
  });

  it("keep their ids apart, whatever was removed", () => {
    const three = graded(graded(graded([], "a", "p", 1), "b", "p", 1), "c", "p", 1);
    expect(graded(withoutQuery(three, "q1"), "d", "p", 1).map(({ id }) => id)).toEqual(["q2", "q3", "q4"]);
  });

  it("take any id for a passage", () => {
    for (const id of ["__proto__", "constructor", "10", "a b"]) {
      const queries = graded(graded([], "q", id, 2), "q", "other", 1);
      expect(Object.entries(queries[0]?.grades ?? {})).toContainEqual([id, 2]);
      expect(gradeOf(queries, "q", id)).toBe(2);
    }
  });

  it("leave no twin behind", () => {
    const trap: LabelledQuery = { id: "t", shelf: "", text: "t", trap: "negation", twin: "u", grades: { a: 1 } };
    expect(withoutQuery([trap, { ...trap, id: "u", trap: null, twin: "t" }], "u")).toEqual([{ ...trap, twin: null }]);
  });

  it("are counted", () => {
    const queries = graded(graded(graded(graded([], "a", "p", 3), "a", "r", 2), "a", "s", 0), "b", "p", 1);
    expect(countLabels(queries)).toEqual({ queries: 2, unanswered: 1, answers: 2, nearMisses: 1, off: 1 });
    expect(countLabels([])).toEqual({ queries: 0, unanswered: 0, answers: 0, nearMisses: 0, off: 0 });
  });
});
