import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chunk, CHUNK_RULE, MOST_CHARACTERS, MOST_WORDS } from "../src/library/chunks";
import type { SourceDocument } from "../src/library/documents";
import type { UserPassage } from "../src/library/library";
import { countWords, sentencesOf } from "../src/library/words";

const document = (text: string, more: Partial<SourceDocument> = {}): SourceDocument => ({ id: "d", text, file: "f.txt", ...more });
const cut = (text: string, more: Partial<SourceDocument> = {}) => chunk([document(text, more)]);
const words = (count: number, word = "word"): string => Array.from({ length: count }, (_, n) => `${word}${n}`).join(" ");
/** Sentences of ten words. */
const sentences = (count: number): string => Array.from({ length: count }, (_, n) => `Sentence ${n} ${words(7, "w")} end.`).join(" ");
const lengths = (passages: readonly UserPassage[]): number[] => passages.map(({ text }) => countWords(text));

/** Nothing but white space is lost, offsets are right, and no passage is too long. */
function insistOnRule(text: string, passages: readonly UserPassage[]): void {
  let at = 0;
  for (const passage of passages) {
    expect(text.slice(at, passage.start).trim()).toBe("");
    expect(text.slice(passage.start, passage.end)).toBe(passage.text);
    expect(passage.text).toBe(passage.text.trim());
    expect(passage.text).not.toBe("");
    expect(passage.text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(countWords(passage.text)).toBeLessThanOrEqual(MOST_WORDS);
    expect(/\p{Surrogate}/u.test(passage.text)).toBe(false);
    at = passage.end;
  }
  expect(text.slice(at).trim()).toBe("");
}

describe("words and sentences", () => {
  it("are counted with and without spaces between them", () => {
    expect(countWords(" One two,\u00a0three\n– four ")).toBe(5);
    expect(countWords("")).toBe(0);
    expect(countWords("今日は天気がいいです。")).toBeGreaterThan(3);
    expect(countWords("今日は天気がいいです。")).toBeLessThan(11);
    expect(countWords("ภาษาไทยไม่มีช่องว่าง")).toBeGreaterThan(2);
  });

  it("end at full stops and line ends, but not where a line was broken", () => {
    const text = "It costs 3.50 at Dr. Low’s. He asked\nand went. A list\n- One\n- Two";
    expect([...sentencesOf(text, 0, text.length)].map(({ start, end, ending }) => [text.slice(start, end), ending])).toEqual([
      ["It costs 3.50 at Dr.", "stop"],
      ["Low’s.", "stop"],
      ["He asked\nand went.", "stop"],
      ["A list", "line"],
      ["- One", "line"],
      ["- Two", "stop"],
    ]);
  });
});

describe("passages", () => {
  it("are the whole document where it is short", async () => {
    const text = `\n ${words(80)}\n\n${words(80)} \n`;
    const passages = await cut(text, { title: "T", metadata: { page: 2 } });
    expect(passages).toEqual([
      {
        id: "d",
        shelf: "T",
        title: "T",
        text: text.trim(),
        document: "d",
        position: 1,
        start: 2,
        end: text.length - 2,
        file: "f.txt",
        metadata: { page: 2 },
      },
    ]);
    expect(await cut(words(160))).toHaveLength(1);
    expect(await cut(words(161))).toHaveLength(2);
    expect(await cut(" \n ")).toEqual([]);
  });

  it("are named by the document, or by how they begin", async () => {
    const [first, second] = await cut(words(200), { title: "T" });
    expect([first?.id, first?.title, first?.position, second?.id, second?.title]).toEqual(["d#1", "T (1 of 2)", 1, "d#2", "T (2 of 2)"]);
    const [untitled] = await cut("A short note\nof two lines");
    expect([untitled?.title, untitled?.shelf]).toEqual(["A short note", "f.txt"]);
  });

  it("end where paragraphs end", async () => {
    const text = [sentences(10), sentences(10), sentences(10)].join("\n \n");
    const passages = await cut(text);
    expect(lengths(passages)).toEqual([100, 100, 100]);
    insistOnRule(text, passages);
    // Short ones are joined, to equal parts.
    expect(lengths(await cut(Array.from({ length: 16 }, () => sentences(2)).join("\n\n")))).toEqual([160, 160]);
    expect(lengths(await cut(Array.from({ length: 18 }, () => sentences(2)).join("\n\n")))).toEqual([120, 120, 120]);
  });

  it("end where sentences end in long paragraphs", async () => {
    const text = sentences(30);
    const passages = await cut(text);
    expect(lengths(passages)).toEqual([150, 150]);
    expect(passages.every((passage) => passage.text.endsWith("end."))).toBe(true);
    // A paragraph's end is worth more than a little evenness.
    expect(lengths(await cut(`${sentences(30)}\n\n${sentences(10)}`))).toEqual([150, 150, 100]);
  });

  it("end between words in long sentences, and anywhere in what has no words", async () => {
    const text = words(1000, "w");
    const passages = await cut(text);
    insistOnRule(text, passages);
    expect(passages).toHaveLength(7);
    expect(Math.max(...lengths(passages)) - Math.min(...lengths(passages))).toBeLessThanOrEqual(1);
    for (const nothing of ["x".repeat(9000), "😀".repeat(4000), "=-".repeat(5000), `${"y".repeat(5000)} end`])
      insistOnRule(nothing, await cut(nothing));
  });

  it("are cut in scripts without spaces", async () => {
    const text = "今日は天気がいいです。明日は雨が降るでしょう。".repeat(60);
    const passages = await cut(text);
    insistOnRule(text, passages);
    expect(passages.every((passage) => passage.text.endsWith("。"))).toBe(true);
    const unbroken = "天気がいい".repeat(300);
    insistOnRule(unbroken, await cut(unbroken));
  });

  it("have ids that nothing else has", async () => {
    const documents = [document(words(200), { id: "a" }), document("x", { id: "a#1" }), document("y", { id: "b" })];
    const passages = await chunk(documents, { taken: ["a##2"] });
    expect(passages.map(({ id }) => id)).toEqual(["a###1", "a###2", "a#1", "b"]);
  });

  it("lose nothing, whatever the text", async () => {
    let state = 3;
    const next = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const scraps = [
      "word ",
      "word ",
      "word ",
      "Word. ",
      "end?\n",
      "\n\n",
      "\n \n",
      "\t",
      "a\r\n",
      "日本語",
      "。",
      "😀",
      "e\u0301",
      "longlonglonglong",
      "- ",
      "\u2028",
      "\u00a0",
      "x".repeat(700),
      "...",
      "\u200d",
    ];
    for (let round = 0; round < 60; round += 1) {
      const text = Array.from({ length: next(1200) }, () => scraps[next(scraps.length)]).join("");
      insistOnRule(text, await cut(text));
    }
  }, 60_000);

  it("are cut as the page says", () => {
    expect(CHUNK_RULE).toContain("up to 160 words stays whole");
    expect(CHUNK_RULE).toContain("1,200 characters");
  });
});

describe("a long document", () => {
  const long = (): SourceDocument => document(Array.from({ length: 100 }, () => sentences(20)).join("\n\n"));

  beforeEach(() => {
    // A clock on which a slice is over each time it is looked at, on machines of any speed.
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 100));
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("is cut in slices, with progress that only grows", async () => {
    let turns = 0;
    let over = false;
    const others = (async () => {
      while (!over) {
        await new Promise((resolve) => setImmediate(resolve));
        turns += 1;
      }
    })();
    const steps: [number, number][] = [];
    const { text } = long();
    const passages = await chunk([document(text), document("short", { id: "e" })], {
      onProgress: (done, total) => steps.push([done, total]),
    });
    over = true;
    await others;
    insistOnRule(text, passages.slice(0, -1));
    expect(turns).toBeGreaterThan(100);
    expect(steps.length).toBeGreaterThan(100);
    expect(steps.every(([done, total], n) => done >= (steps[n - 1]?.[0] ?? 0) && done <= total && total === text.length + 5)).toBe(true);
    expect(steps.at(-1)?.[0]).toBe(text.length + 5);
  });

  it("can be stopped before and while it is cut", async () => {
    await expect(chunk([long()], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    const controller = new AbortController();
    const reason = new Error("enough");
    let done = 0;
    const work = chunk([long()], {
      signal: controller.signal,
      onProgress: (now) => {
        done = now;
        if (done > 1000) controller.abort(reason);
      },
    });
    await expect(work).rejects.toBe(reason);
    expect(done).toBeLessThan(2000);
  });
});
