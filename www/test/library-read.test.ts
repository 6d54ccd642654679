import { afterEach, describe, expect, it, vi } from "vitest";
import { ReadError } from "../src/library/errors";
import { createLibrary, idsOf } from "../src/library/library";
import { CHUNK_RULE } from "../src/library/chunks";
import { read, type Source } from "../src/library/read";
import { type Answer, type Order, readFiles } from "../src/library/reading";

const words = (count: number): string => Array.from({ length: count }, (_, n) => `word${n}`).join(" ");
const sources: Source[] = [
  { name: "a.md", content: new Blob([`# One\n\n${words(300)}\n\n# Two\n\nShort.`]) },
  { name: "broken.jsonl", content: new Blob(['{"text":"x"}\n{"text"']) },
  { name: "b.csv", content: new Blob(["id,text,lang\nx,First,en\na-2,Second,de"]) },
  { name: null, content: "Some pasted words." },
  { name: "image.txt", content: new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1])]) },
];

describe("files", () => {
  it("are read one after another, and what can't be read stops no other", async () => {
    const steps: [number, number][] = [];
    const { passages, files, failures } = await read(sources, { taken: ["x"], onProgress: (done, total) => steps.push([done, total]) });
    expect(passages.map(({ id, title }) => [id, title])).toEqual([
      ["a-1#1", "One (1 of 2)"],
      ["a-1#2", "One (2 of 2)"],
      ["a-2", "Two"],
      ["b-1", "First"],
      ["b-2", "Second"],
      ["pasted-text", "Some pasted words."],
    ]);
    expect(files.map(({ file, format, documents, passages: own }) => [file, format, documents, own])).toEqual([
      ["a.md", "markdown", 2, 3],
      ["b.csv", "csv", 2, 2],
      ["Pasted text", "text", 1, 1],
    ]);
    expect(files[1]).toMatchObject({ columns: { text: "text", id: "id", title: null }, encoding: "UTF-8" });
    expect(failures.map(({ code, file, line }) => [code, file, line])).toEqual([
      ["bad-line", "broken.jsonl", 2],
      ["binary-file", "image.txt", undefined],
    ]);
    const total = sources.reduce((sum, { content }) => sum + (typeof content === "string" ? content.length : content.size), 0);
    expect(steps.at(-1)).toEqual([total, total]);
    expect(steps.every(([done], n) => done >= (steps[n - 1]?.[0] ?? 0))).toBe(true);
  });

  it("give the same passages again, and others where those are taken", async () => {
    const first = await read(sources);
    expect(await read(sources)).toEqual(first);
    const library = await createLibrary({ name: "n", rule: CHUNK_RULE, passages: first.passages });
    const second = await read(sources, { taken: idsOf(library) });
    const ids = [...first.passages, ...second.passages].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("are refused where they can't be opened or are too large", async () => {
    const gone = { size: 5, arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) } as unknown as Blob;
    const { failures } = await read([
      { name: "gone.txt", content: gone },
      { name: "big.txt", content: { size: 60_000_000 } as Blob },
    ]);
    expect(failures.map(({ code, file }) => [code, file])).toEqual([
      ["unreadable-file", "gone.txt"],
      ["too-large", "big.txt"],
    ]);
    expect(failures.every((failure) => failure instanceof ReadError)).toBe(true);
  });

  it("are not read on when that is stopped", async () => {
    await expect(read(sources, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    const controller = new AbortController();
    const reason = new Error("enough");
    const work = read([...sources, ...sources], { signal: controller.signal, onPassages: () => controller.abort(reason) });
    await expect(work).rejects.toBe(reason);
  });
});

describe("the worker", () => {
  /** The worker's own code, in the place of a worker: it is told and tells as one, by copies. */
  class Twin {
    static readonly ended: Twin[] = [];
    onmessage: ((event: { data: Answer }) => void) | null = null;
    onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
    onmessageerror: (() => void) | null = null;

    postMessage(order: Order): void {
      const scope = globalThis as unknown as { onmessage: (event: { data: Order }) => void; postMessage: (answer: Answer) => void };
      const blobs = order.sources.map(({ content }) => content);
      const copy = { ...structuredClone({ ...order, sources: order.sources.map((source) => ({ ...source, content: "" })) }) };
      void import("../src/library/reading-worker").then(() => {
        scope.postMessage = (answer) => {
          if (!Twin.ended.includes(this)) this.onmessage?.({ data: structuredClone(answer) });
        };
        scope.onmessage({ data: { ...copy, sources: copy.sources.map((source, n) => ({ ...source, content: blobs[n] ?? "" })) } });
      });
    }

    terminate(): void {
      Twin.ended.push(this);
    }
  }

  afterEach(() => {
    vi.unstubAllGlobals();
    Twin.ended.length = 0;
  });

  it("reads as one does without it", async () => {
    vi.stubGlobal("Worker", Twin);
    const many: Source = {
      name: "many.csv",
      content: new Blob([`id,text\n${Array.from({ length: 1000 }, (_, n) => `m${n},text ${n}`).join("\n")}`]),
    };
    const steps: number[] = [];
    const reading = await readFiles([...sources, many], { taken: ["x"], onProgress: (done) => steps.push(done) });
    expect(reading).toEqual(await read([...sources, many], { taken: ["x"] }));
    expect(reading.failures[0]).toBeInstanceOf(ReadError);
    expect(reading.failures[0]?.line).toBe(2);
    expect(steps.length).toBeGreaterThan(0);
    expect(Twin.ended).toHaveLength(1);
  });

  it("is ended when reading is stopped", async () => {
    vi.stubGlobal("Worker", Twin);
    const controller = new AbortController();
    const work = readFiles(sources, { signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
    expect(Twin.ended).toHaveLength(1);
    await expect(readFiles(sources, { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("may fail to start, or in the middle", async () => {
    class Failing extends Twin {
      override postMessage(): void {
        queueMicrotask(() => this.onerror?.({ message: "blocked", preventDefault: () => undefined }));
      }
    }
    vi.stubGlobal("Worker", Failing);
    const error: unknown = await readFiles(sources).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ReadError", code: "reader-failed" });
    expect(Twin.ended).toHaveLength(1);
    vi.stubGlobal("Worker", undefined);
    await expect(readFiles(sources)).rejects.toMatchObject({ code: "reader-failed" });
  });
});
