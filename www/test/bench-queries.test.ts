import type { Manifest } from "tabrank";
import { describe, expect, it } from "vitest";
import { shuffled } from "../src/bench/queries/candidates";
import { labelsText, merged, readLabels } from "../src/bench/queries/labels-file";
import { readMeasureSettings, writeMeasureSettings } from "../src/bench/queries/settings";
import type { LabelledQuery, Passage } from "../src/corpus";

const passages: Passage[] = ["a", "b", "c"].map((id) => ({ id, shelf: "", title: `=${id}`, text: id }));
const query = (id: string, text: string, grades: Record<string, number>, twin: string | null = null): LabelledQuery => ({ id, shelf: "", text, trap: null, twin, grades });
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const read = (text: string) => readLabels("labels.jsonl", bytes(text), passages);

describe("candidates", () => {
  it("stand in an order that is the same whoever ranked them how", () => {
    const ids = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const one = shuffled("q", [ids.slice(0, 10), ids.slice(5, 15), ids.slice(10)]);
    expect(shuffled("q", [[...ids].reverse(), [], ids])).toEqual(one);
    expect([...one].sort()).toEqual([...ids].sort());
    expect(shuffled("another", [ids])).not.toEqual(one);
    // Nobody's first ones come first more often than chance has it.
    const places = Array.from({ length: 400 }, (_, n) => shuffled(`question ${n}`, [ids]).indexOf("p0"));
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    expect(mean).toBeGreaterThan(8.5);
    expect(mean).toBeLessThan(10.5);
  });
});

describe("files of labels", () => {
  const queries = [query("q1", "one, \"two\"", { a: 3, b: 0 }), query("q2", "empty", {})];

  it("hold what was labelled, and JSON Lines come back", async () => {
    expect((await read(labelsText(queries, "jsonl", String))).queries).toEqual(queries);
    expect((await read(labelsText(queries, "json", String))).queries).toEqual(queries);
    expect(labelsText(queries, "csv", (id) => `=${id}`)).toBe(
      `query_id,query,passage_id,passage_title,grade\nq1,"one, ""two""",a,"'=a",3\nq1,"one, ""two""",b,"'=b",0\nq2,empty,,,\n`,
    );
  });

  it("may label passages that the library doesn't have", async () => {
    const found = await read(labelsText([query("q1", "one", { a: 3, x: 2 }), query("q2", "two", { y: 1 })], "jsonl", String));
    expect(found).toEqual({ queries: [query("q1", "one", { a: 3 })], strange: 2, emptied: 1 });
  });

  it("are refused with the line that is at fault", async () => {
    const good = labelsText(queries, "jsonl", String);
    await expect(read(`${good}{"id": "q9"}`)).rejects.toThrow("labels.jsonl, line 3: the grades must be an object");
    await expect(read(`${good}{"id": "q1", "text": "again", "grades": {}}`)).rejects.toThrow("line 3: the id q1 occurs twice");
    await expect(read('{"id": "q", "text": "t", "grades": {"a": 7}}')).rejects.toThrow("the grade of a must be 0, 1, 2 or 3");
    await expect(read('{"id": "q", "text": " ", "grades": {"a": 1}}')).rejects.toThrow("the text is empty");
    await expect(read("hello")).rejects.toThrow(/line 1: .*JSON/);
    await expect(read("[1, 2]")).rejects.toThrow("question 1: there must be an object");
    await expect(read("[{]")).rejects.toThrow("not valid JSON");
    await expect(read("")).rejects.toThrow("holds no questions");
    await expect(readLabels("l", new Uint8Array([0xff, 0xfe, 0x00]), passages)).rejects.toThrow("l, line 1");
  });

  it("are joined with the labels that there are: by text, the file's last", () => {
    const before = [query("q1", "One  question", { a: 1, b: 2 })];
    const more = [query("q1", "another", { c: 3 }, "q7"), query("q7", " one question", { a: 3 }, "q1"), query("q8", "third", {}, "gone")];
    const after = merged(before, more);
    expect(after).toEqual([
      query("q1", "One  question", { a: 3, b: 2 }),
      query("q1-2", "another", { c: 3 }, "q1"),
      query("q8", "third", {}, null),
    ]);
    expect(merged(after, []).map(({ id }) => id)).toEqual(["q1", "q1-2", "q8"]);
  });
});

describe("what is measured", () => {
  const model = (id: string, bytes: number | null, sha256: string | null = null) => ({ id, role: "cross-encoder", bytes, sha256, ...(bytes === null ? { origin: { files: [{ bytes: 1, sha256 }] } } : {}) });
  const manifest = { defaults: { bi_encoder: "bi", cross_encoder: "mine" }, models: [model("mine", 5), model("hub", null, "ab"), model("nowhere", null)] } as unknown as Manifest;

  it("stands in the address, without what goes without saying", () => {
    const start = readMeasureSettings([], "mine", manifest);
    expect(start).toMatchObject({ stages: ["dense"], pools: [5, 10, 20], models: ["mine"], pool: 20, stage: "dense", model: "mine" });
    expect(writeMeasureSettings(start, "mine", manifest)).toEqual([]);
    const other = { ...start, stages: ["bm25", "hybrid"] as const, pools: [10, 100], models: ["mine", "hub"], metric: "mrr" as const, group: "traps" as const, pool: 10, stage: "hybrid" as const, model: "hub" };
    expect(readMeasureSettings(writeMeasureSettings(other, "mine", manifest), "mine", manifest)).toEqual(other);
  });

  it("takes nothing else from one", () => {
    const start = readMeasureSettings([], "mine", manifest);
    const bad: [string, string][] = [["stages", "sparse"], ["pools", "7"], ["models", "nowhere"], ["m", "__proto__"], ["g", "x"], ["p", "50"], ["s", "bm25"], ["x", "hub"]];
    expect(readMeasureSettings(bad, "mine", manifest)).toEqual(start);
    expect(readMeasureSettings([], "nowhere", manifest).models).toEqual(["mine"]);
  });
});
