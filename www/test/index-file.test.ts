import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ranker } from "tabrank";
import { describe, expect, it } from "vitest";
import type { Collection } from "../src/collection";
import { Corpus, parseJsonLines, type Passage } from "../src/corpus";
import { embedded, indexOf } from "../src/embedding";
import { aboutIndex, countOf, indexFile, quantized, rowsOf, together } from "../src/index-file";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const model = { id: "m", sha256: "ab".repeat(32) };
const passages = Array.from({ length: 10 }, (_, n) => ({ id: `p${n}`, shelf: "s", title: `P ${n}`, text: `text ${n}` }));

/** Vectors that differ from text to text. */
function vectorOf(text: string): Float32Array {
  const numbers = Float32Array.from({ length: 16 }, (_, i) => Math.sin((text.charCodeAt(text.length - 1) + 1) * (i + 1)));
  const norm = Math.hypot(...numbers);
  return numbers.map((x) => x / norm);
}

/** A ranker that only embeds; `stopAt` is the number of texts after which it throws. */
function fakeRanker(asked: string[], stopAt = Infinity): Ranker {
  const fake = {
    info: () => ({ biEncoder: model }),
    embed: async (texts: readonly string[]) => {
      if (asked.length + texts.length > stopAt) throw new Error("stopped");
      asked.push(...texts);
      return texts.map(vectorOf);
    },
  };
  return fake as unknown as Ranker;
}

function collection(): Collection & { file: ArrayBuffer | undefined } {
  const made = {
    id: "x",
    name: "X",
    corpus: new Corpus(passages, []),
    file: undefined as ArrayBuffer | undefined,
    vectors: async () => made.file,
    keep: async (_: unknown, file: ArrayBuffer) => void (made.file = file),
  };
  return made;
}

const same = (a: ArrayBuffer | undefined, b: ArrayBuffer | undefined): boolean =>
  a !== undefined && b !== undefined && Buffer.from(a).equals(Buffer.from(b));

const whole = (): Promise<ArrayBuffer | undefined> => indexFile(quantized(passages.map(({ text }) => vectorOf(text))), passages, model);

describe("the index file", () => {
  it("is the one that the engine writes, to the bit", async () => {
    const tool = join(repository, "target/release/tabrank");
    const weights = join(repository, "models/all-MiniLM-L6-v2-Q8_0.gguf");
    if (!existsSync(tool) || !existsSync(weights)) {
      console.log("SKIPPED: the command line or the model isn't there");
      return;
    }
    const shipped = parseJsonLines<Passage>(readFileSync(join(repository, "corpus/passages.jsonl"), "utf8"), "passages.jsonl").slice(0, 5);
    const folder = mkdtempSync(join(tmpdir(), "index-"));
    try {
      const [documents, file] = [join(folder, "passages.jsonl"), join(folder, "index.safetensors")];
      writeFileSync(documents, shipped.map((passage) => `${JSON.stringify(passage)}\n`).join(""));
      execFileSync(tool, ["index", "--documents", documents, "--out", file], { cwd: repository });
      const bytes = new Uint8Array(readFileSync(file)).buffer;
      const rows = rowsOf(bytes);
      const about = aboutIndex(bytes);
      if (rows === undefined || about === undefined) throw new Error("The engine's file can't be read.");
      expect(countOf(rows)).toBe(5);
      const again = await indexFile(rows, shipped, { id: "all-MiniLM-L6-v2", sha256: about.modelSha256 });
      expect(same(again, bytes)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);

  it("rounds as 32-bit floats do, halves away from zero", () => {
    const { scales, vectors } = quantized([Float32Array.of(1, -0.5, 0.25, 0), Float32Array.of(0, 0, 0, 0)]);
    expect([...(scales[0] ?? [])]).toEqual([Math.fround(1 / 127), 0]);
    expect([...(vectors[0] ?? [])]).toEqual([127, -64, 32, 0, 0, 0, 0, 0]);
  });

  it("is the same whether its rows came at once or in parts", async () => {
    const rows = [passages.slice(0, 3), passages.slice(3)].map((some) => quantized(some.map(({ text }) => vectorOf(text))));
    const [first, then] = rows;
    if (first === undefined || then === undefined) throw new Error("unreachable");
    const parts = await indexFile(together(first, then), passages, model);
    expect(same(parts, await whole())).toBe(true);
  });

  it("is nothing where the bytes are none", () => {
    for (const bytes of [[], [1, 2, 3], [255, 255, 255, 255, 255, 255, 255, 255, 1], [2, 0, 0, 0, 0, 0, 0, 0, 123, 125]]) {
      expect(aboutIndex(Uint8Array.from(bytes).buffer)).toBeUndefined();
      expect(rowsOf(Uint8Array.from(bytes).buffer)).toBeUndefined();
    }
  });

  it("gives no rows where it is cut off", async () => {
    const file = (await whole()) ?? new ArrayBuffer();
    expect(rowsOf(file.slice(0, file.byteLength - 1))).toBeUndefined();
  });
});

describe("embedding a library", () => {
  it("goes on where it was stopped, and gives the same file as at one go", async () => {
    const library = collection();
    const first: string[] = [];
    await expect(indexOf(fakeRanker(first, 5), library)).rejects.toThrow("stopped");
    expect(first).toEqual(["text 0", "text 1", "text 2", "text 3"]);
    expect(await embedded(library, model as never)).toBe(4);
    const then: string[] = [];
    const steps: number[] = [];
    const file = await indexOf(fakeRanker(then), library, { onProgress: (done) => steps.push(done) });
    expect(then).toEqual(passages.slice(4).map(({ text }) => text));
    expect(steps[0]).toBe(4);
    expect(steps.at(-1)).toBe(10);
    expect(same(file, await whole())).toBe(true);
    expect(await embedded(library, model as never)).toBe(10);
  });

  it("asks nothing of the model where all is there, and everything where it is another's", async () => {
    const library = collection();
    library.file = await whole();
    const asked: string[] = [];
    expect(await indexOf(fakeRanker(asked), library)).toBe(library.file);
    expect(asked).toEqual([]);
    library.file = await indexFile(quantized(passages.map(({ text }) => vectorOf(text))), passages, {
      id: "other",
      sha256: "cd".repeat(32),
    });
    expect(await embedded(library, model as never)).toBe(0);
    await indexOf(fakeRanker(asked), library);
    expect(asked).toHaveLength(10);
  });
});
