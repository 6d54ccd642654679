import { createHash } from "node:crypto";
import { strFromU8, strToU8, unzipSync, type Zippable, zipSync } from "fflate";
import { describe, expect, it, vi } from "vitest";
import { archiveName, pack, unpack, type Vectors } from "../src/library/archive";
import { ArchiveError } from "../src/library/errors";
import { grade, type LibraryRecord, type UserPassage } from "../src/library/library";
import type { Going } from "../src/library/pace";

const passage = (id: string, text = `text of ${id}`): UserPassage => {
  return {
    id,
    shelf: "S",
    title: id,
    text,
    document: id,
    position: 1,
    start: 0,
    end: text.length,
    file: "f.txt",
    metadata: { page: 3, ü: [null] },
  };
};
const bare: LibraryRecord = {
  id: "notes-0a1b2c",
  name: "Notes: ü",
  created: "2026-11-21T10:00:00.000Z",
  rule: "whole",
  passages: [],
  queries: [],
};
const library = (count: number): LibraryRecord => {
  const passages = Array.from({ length: count }, (_, n) => passage(`p${n}`, `Nº ${n}: line\n"quoted" \u2028 😀 ${"word ".repeat(n % 50)}`));
  return grade(grade({ ...bare, passages }, "what?", "p0", 3), "what?", "p1", 0);
};
const vectors = (length = 1000): Vectors => ({
  model: "m",
  modelSha256: "f".repeat(64),
  bytes: Uint8Array.from({ length }, (_, n) => (n * 7919) % 251).buffer,
});
const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
const filesOf = async (blob: Blob): Promise<Record<string, Uint8Array>> => unzipSync(await bytesOf(blob));
const opened = (bytes: Uint8Array | Zippable, name = "x.zip") =>
  unpack(new Blob([(bytes instanceof Uint8Array ? bytes : zipSync(bytes)) as Uint8Array<ArrayBuffer>]), name);
const refusal = async (work: Promise<unknown>): Promise<ArchiveError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ArchiveError) return error;
  throw error ?? new Error("it was not refused");
};
/** An archive with a part changed, and about.json made to agree with it. */
const altered = async (
  part: string,
  change: (text: string) => string,
  about: (about: Record<string, unknown>) => void = () => undefined,
): Promise<Record<string, Uint8Array>> => {
  const files = await filesOf(await pack(library(3), vectors()));
  files[part] = strToU8(change(strFromU8(files[part] ?? new Uint8Array())));
  const said = JSON.parse(strFromU8(files["about.json"] ?? new Uint8Array())) as { parts: Record<string, unknown> } & Record<
    string,
    unknown
  >;
  said.parts[part] = { bytes: files[part].length, sha256: createHash("sha256").update(files[part]).digest("hex") };
  about(said);
  return { ...files, "about.json": strToU8(JSON.stringify(said)) };
};

describe("an exported library", () => {
  it("is the same when it is imported", async () => {
    for (const count of [0, 1, 500]) {
      const record = count === 0 ? bare : library(Math.max(2, count));
      const back = await unpack(await pack(record, vectors()), "n.tabrank.zip");
      expect(back).toEqual({ record, vectors: vectors(), verified: true });
      expect((await unpack(await pack(record, undefined), "n")).vectors).toBeUndefined();
    }
  }, 60_000);

  it("holds no labels of passages that it does not have", async () => {
    const queries = [...library(3).queries, { id: "q2", shelf: "", text: "?", trap: null, twin: null, grades: { gone: 3 } }];
    const { record } = await unpack(await pack({ ...library(3), queries }, undefined), "n");
    expect(record.queries).toEqual(library(3).queries);
  });

  it("is the same file each time", async () => {
    expect(await bytesOf(await pack(library(20), vectors()))).toEqual(await bytesOf(await pack(library(20), vectors())));
    expect((await unpack(await pack({ ...bare, created: "never" }, undefined), "n")).record.created).toBe("never");
  });

  it("holds JSON Lines, hashes, and what the index was made with", async () => {
    const files = await filesOf(await pack(library(3), vectors()));
    expect(Object.keys(files)).toEqual(["about.json", "passages.jsonl", "queries.jsonl", "index.safetensors"]);
    const lines = (part: string) =>
      strFromU8(files[part] ?? new Uint8Array())
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
    expect(lines("passages.jsonl")).toEqual(library(3).passages);
    expect(lines("queries.jsonl")).toEqual(library(3).queries);
    expect(files["index.safetensors"]).toEqual(new Uint8Array(vectors().bytes));
    expect(JSON.parse(strFromU8(files["about.json"] ?? new Uint8Array()))).toEqual({
      kind: "tabrank-library",
      version: 1,
      id: "notes-0a1b2c",
      name: "Notes: ü",
      created: bare.created,
      rule: "whole",
      passages: 3,
      queries: 1,
      index: { model: "m", model_sha256: "f".repeat(64) },
      parts: Object.fromEntries(
        ["passages.jsonl", "queries.jsonl", "index.safetensors"].map((part) => {
          const content = files[part] ?? new Uint8Array();
          return [part, { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") }];
        }),
      ),
    });
    expect(archiveName(bare)).toBe("notes-ü.tabrank.zip");
  });

  it("may have been packed anew by another program, with more in it", async () => {
    const files = await filesOf(await pack(library(40), vectors()));
    for (const level of [0, 9] as const) {
      const anew = zipSync({ ...files, "README.txt": strToU8("hello"), "__MACOSX/x": new Uint8Array(3) }, { level, comment: "a comment" });
      expect((await opened(anew)).record).toEqual(library(40));
    }
  });

  it("is packed and read in slices, and both can be stopped", async () => {
    // A clock on which a slice is over each time it is looked at, on machines of any speed.
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 100));
    try {
      const record = library(1000);
      const steps: number[] = [];
      const blob = await pack(record, vectors(300_000), { onProgress: (done, total) => steps.push(done / total) });
      expect(steps.length).toBeGreaterThan(6);
      expect(steps.every((step, n) => step >= (steps[n - 1] ?? 0) && step <= 1)).toBe(true);
      expect(steps.at(-1)).toBe(1);
      const stopped = async (work: (going: Going) => Promise<unknown>, after: number) => {
        const controller = new AbortController();
        let calls = 0;
        const onProgress = (): void => {
          calls += 1;
          if (calls === after) controller.abort();
        };
        await expect(work({ signal: controller.signal, onProgress })).rejects.toMatchObject({ name: "AbortError" });
        expect(calls).toBe(after);
      };
      await stopped((going) => pack(record, vectors(), going), 2);
      await stopped((going) => unpack(blob, "n", going), 1);
      await expect(unpack(blob, "n", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
      expect((await unpack(blob, "n")).record).toEqual(record);
    } finally {
      vi.restoreAllMocks();
    }
  }, 60_000);

  it("is made and read where the browser computes no hashes", async () => {
    const sealed = await pack(library(3), vectors());
    vi.stubGlobal("crypto", {});
    try {
      const unsealed = await pack(library(3), vectors());
      for (const blob of [sealed, unsealed])
        expect(await unpack(blob, "n")).toEqual({ record: library(3), vectors: vectors(), verified: false });
      vi.unstubAllGlobals();
      expect((await unpack(unsealed, "n")).verified).toBe(false);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("a file that is no exported library", () => {
  it("is refused as such", async () => {
    for (const bytes of [
      new Uint8Array(0),
      strToU8("text"),
      zipSync({ "a.txt": strToU8("a") }),
      zipSync({ "about.json": strToU8('{"kind":"other"}') }),
    ]) {
      const error = await refusal(opened(bytes, "thing.zip"));
      expect(error.code).toBe("not-an-archive");
      expect(error.message).toContain("thing.zip is not a library");
    }
    const gone = { size: 5, arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) } as unknown as Blob;
    expect((await refusal(unpack(gone, "gone.zip"))).message).toContain("gone.zip can’t be opened");
  });

  it("is refused where it is of a newer version", async () => {
    const error = await refusal(
      opened(
        await altered(
          "queries.jsonl",
          (text) => text,
          (about) => (about["version"] = 2),
        ),
      ),
    );
    expect([error.code, error.part]).toEqual(["archive-version", "about.json"]);
    expect(error.message).toContain("version 2");
  });

  it("is refused where a part is missing, altered or not as described", async () => {
    const files = await filesOf(await pack(library(3), vectors()));
    for (const part of ["passages.jsonl", "queries.jsonl", "index.safetensors"]) {
      const { [part]: content, ...rest } = files;
      expect(await refusal(opened(rest))).toMatchObject({ code: "archive-damaged", part });
      const changed = Uint8Array.from(content ?? []);
      changed[changed.length - 2] = (changed[changed.length - 2] ?? 0) ^ 1;
      const error = await refusal(opened({ ...files, [part]: changed }));
      expect(error).toMatchObject({ code: "archive-damaged", part });
      expect(error.message).toContain("SHA-256");
      expect((await refusal(opened({ ...files, [part]: changed.subarray(1) }))).message).toMatch(/has \d+ bytes instead of \d+/);
    }
  });

  it("is refused where a line is wrong, by its number", async () => {
    const of = async (part: string, change: (text: string) => string) =>
      (await refusal(opened(await altered(part, change), "x.zip"))).message;
    expect(await of("passages.jsonl", (text) => text.replace('{"id":"p1"', '{"id":"p0"'))).toContain(
      "passages.jsonl, line 2: the id p0 occurs twice",
    );
    expect(await of("passages.jsonl", (text) => text.replace('{"id":"p2"', '{"id":""'))).toContain("line 3: the id is empty");
    expect(await of("passages.jsonl", (text) => text.replace('"text":', '"txt":'))).toContain("line 1: text must be a text");
    expect(await of("passages.jsonl", (text) => `\n${text}[]\n`)).toContain("line 5: there must be an object");
    expect(await of("passages.jsonl", (text) => `${text}{`)).toContain("line 4:");
    expect(await of("passages.jsonl", (text) => text.split("\n").slice(1).join("\n"))).toContain(
      "grades the passage p0, which the library does not have",
    );
    expect(await of("queries.jsonl", (text) => text.replace(":3", ":4"))).toContain(
      "queries.jsonl, line 1: the grade of p0 must be 0, 1, 2 or 3",
    );
    expect(await of("queries.jsonl", () => "")).toContain("does not hold 1 queries");
  });

  it("is refused where about.json is wrong", async () => {
    const of = async (change: (about: Record<string, unknown>) => void) =>
      (await refusal(opened(await altered("queries.jsonl", (text) => text, change)))).message;
    expect(await of((about) => (about["name"] = 7))).toContain("name must be a short text");
    expect(await of((about) => (about["name"] = "n".repeat(3000)))).toContain("name must be a short text");
    expect(await of((about) => (about["id"] = "../../x"))).toContain("the id must be letters");
    expect(await of((about) => (about["parts"] = {}))).toContain("the size of passages.jsonl is missing");
    expect(await of((about) => (about["index"] = {}))).toContain("index must name its model");
    expect(await of((about) => (about["passages"] = 9))).toContain("does not hold 9 passages");
    expect((await refusal(opened({ "about.json": strToU8("{") }))).message).toContain("about.json is not valid JSON");
  });

  it("is not unpacked where it would fill the memory", async () => {
    const files = await filesOf(await pack(library(3), undefined));
    const zeros = new Uint8Array(2_000_000);
    const about = await refusal(opened(zipSync({ ...files, "about.json": zeros })));
    expect([about.code, about.part]).toEqual(["archive-too-large", "about.json"]);
    // The directory says that it is smaller than it is.
    const lying = (length: number): Uint8Array => {
      const bytes = zipSync({ ...files, "about.json": new Uint8Array(length) });
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < bytes.length - 4; at += 1) if (view.getUint32(at, true) === length) view.setUint32(at, 1000, true);
      return bytes;
    };
    expect(await refusal(opened(lying(2_000_000)))).toMatchObject({ code: "archive-too-large", part: "about.json" });
    expect((await refusal(opened(lying(500_000)))).message).toContain("about.json is not as long as the archive says");
    const huge = { size: 300_000_000 } as Blob;
    expect(await refusal(unpack(huge, "huge.zip"))).toMatchObject({ code: "archive-too-large" });
  });

  it("never does anything but be refused, wherever it is cut or damaged", async () => {
    const whole = await bytesOf(await pack(library(3), vectors(200)));
    for (let length = 0; length < whole.length; length += 13) await refusal(opened(whole.subarray(0, length)));
    let survived = 0;
    for (let at = 0; at < whole.length; at += 1) {
      const damaged = whole.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      const outcome: unknown = await opened(damaged).catch((error: unknown) => error);
      if (outcome instanceof ArchiveError) continue;
      if (outcome instanceof Error) throw outcome;
      // Times and flags that nobody needs: what was read is right all the same.
      survived += 1;
      expect(outcome).toEqual({ record: library(3), vectors: vectors(200), verified: true });
    }
    expect(survived).toBeLessThan(whole.length / 4);
  }, 60_000);

  it("is refused where it is encrypted, or holds a part twice", async () => {
    const bytes = await bytesOf(await pack(library(3), undefined));
    const view = new DataView(bytes.buffer);
    const entries = Array.from({ length: bytes.length - 4 }, (_, at) => at).filter((at) => view.getUint32(at, true) === 0x02014b50);
    const encrypted = bytes.slice();
    encrypted[(entries[1] ?? 0) + 8] = 1;
    expect((await refusal(opened(encrypted))).message).toContain("passages.jsonl is encrypted");
    const twice = zipSync({ "about.json": strToU8("{}"), "abo_t.json": strToU8("{}") });
    for (let at = twice.indexOf(0x5f); at >= 0; at = twice.indexOf(0x5f)) twice[at] = 0x75;
    expect((await refusal(opened(twice))).message).toContain("twice");
  });
});
