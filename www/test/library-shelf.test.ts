import "fake-indexeddb/auto";
import { IDBFactory, IDBObjectStore, IDBOpenDBRequest } from "fake-indexeddb";
import { openDB } from "idb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ShelfError } from "../src/library/errors";
import { grade, graded, type LibraryRecord, type UserPassage } from "../src/library/library";
import { Shelf } from "../src/library/shelf";

const passage = (id: string, text = `text of ${id}`): UserPassage => {
  return { id, shelf: "S", title: id, text, document: id, position: 1, start: 0, end: text.length, file: "f.txt", metadata: { page: [1] } };
};
const library = (id: string, count = 3): LibraryRecord => {
  const passages = Array.from({ length: count }, (_, n) => passage(`${id}-${n}`));
  return grade(
    { id, name: id.toUpperCase(), created: "2026-11-21T10:00:00.000Z", rule: "whole", passages, queries: [] },
    "what?",
    `${id}-0`,
    3,
  );
};
const vectors = (model: string, length = 8) => ({ model, modelSha256: model.repeat(4), bytes: new Uint8Array(length).fill(7).buffer });
const refusal = async (work: Promise<unknown>): Promise<ShelfError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ShelfError) return error;
  throw error ?? new Error("it was not refused");
};
/** Makes each write of this store fail as a full disk does. */
const full = (store: string) => {
  const put = IDBObjectStore.prototype.put;
  return vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...given) {
    if (this.name === store) throw new DOMException("full", "QuotaExceededError");
    return put.apply(this, given);
  });
};

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("the shelf", () => {
  it("keeps libraries across visits", async () => {
    const shelf = new Shelf();
    expect(await shelf.list()).toEqual([]);
    for (const count of [0, 1, 499, 500, 501, 1234]) {
      const record = { ...library(`l${count}`, Math.max(1, count)), ...(count === 0 ? { passages: [], queries: [] } : {}) };
      await shelf.save(record);
      await shelf.close();
      expect(await new Shelf().load(record.id)).toEqual(record);
    }
    const listed = await new Shelf().list();
    expect(listed.map(({ id }) => id).sort()).toEqual(["l0", "l1", "l1234", "l499", "l500", "l501"]);
    expect(listed[0]).toEqual({
      id: "l1234",
      name: "L1234",
      created: "2026-11-21T10:00:00.000Z",
      saved: listed[0]?.saved,
      rule: "whole",
      passages: 1234,
      queries: 1,
      kept: true,
    });
    expect(await shelf.has("l1")).toBe(true);
    expect(await shelf.has("l2")).toBe(false);
  });

  it("replaces a library that has become shorter", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a", 1200));
    await shelf.save(library("a", 10));
    expect(await shelf.load("a")).toEqual(library("a", 10));
    const database = await openDB("tabrank-library");
    expect(await database.count("passages")).toBe(1);
    database.close();
  });

  it("renames and removes", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a"));
    await shelf.save(library("b"));
    await shelf.saveVectors("a", vectors("m"));
    expect(await shelf.rename("a", "  New   name ")).toBe("New name");
    expect((await shelf.load("a")).name).toBe("New name");
    await shelf.remove("a");
    expect((await shelf.list()).map(({ id }) => id)).toEqual(["b"]);
    expect(await shelf.vectors("a", vectors("m").modelSha256)).toBeUndefined();
    const database = await openDB("tabrank-library");
    expect(await Promise.all(["about", "passages", "queries", "vectors"].map((store) => database.count(store)))).toEqual([1, 1, 1, 0]);
    database.close();
    const error = await refusal(shelf.load("a"));
    expect([error.code, error.message]).toEqual([
      "not-on-shelf",
      "This browser has no library “a”. Import its file, or ask for the file whoever sent you the link.",
    ]);
    expect((await refusal(shelf.rename("a", "x"))).code).toBe("not-on-shelf");
    expect(shelf.trouble).toBeUndefined();
    await shelf.remove("never there");
  });

  it("keeps vectors of several models beside a library", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a"));
    await shelf.saveVectors("a", vectors("m"));
    await shelf.saveVectors("a", vectors("n"));
    expect(await new Shelf().vectors("a", "mmmm")).toEqual(vectors("m"));
    expect(await shelf.vectors("a", "nnnn")).toEqual(vectors("n"));
    expect(await shelf.vectors("a", "oooo")).toBeUndefined();
    expect((await refusal(shelf.saveVectors("b", vectors("m")))).code).toBe("not-on-shelf");
    expect(await shelf.vectors("b", "mmmm")).toBeUndefined();
  });

  it("adds the labels of two tabs together", async () => {
    const [one, two] = [new Shelf(), new Shelf()];
    await one.save(library("a"));
    await Promise.all([
      one.label("a", (queries) => graded(queries, "what?", "a-1", 1)),
      two.label("a", (queries) => graded(queries, "what?", "a-2", 2)),
      one.label("a", (queries) => graded(queries, "who?", "a-1", 3)),
      two.label("a", (queries) => graded(queries, "when?", "a-1", 3)),
    ]);
    const { queries } = await one.load("a");
    expect(queries.map(({ id, text }) => [id, text])).toEqual([
      ["q1", "what?"],
      ["q2", "who?"],
      ["q3", "when?"],
    ]);
    expect(queries[0]?.grades).toEqual({ "a-0": 3, "a-1": 1, "a-2": 2 });
    expect((await two.list())[0]?.queries).toBe(3);
    expect(await two.label("a", (kept) => kept)).toEqual(queries);
  });

  it("keeps what was changed while it was being saved", async () => {
    const shelf = new Shelf();
    const saving = shelf.save(library("a", 2000));
    await shelf.label("a", (queries) => graded(queries, "late", "a-1", 2));
    await saving;
    expect((await new Shelf().load("a")).queries.map(({ text }) => text)).toEqual(["what?", "late"]);
    expect((await shelf.list())[0]?.kept).toBe(true);
  });

  it("tells how much room there is, and asks the browser once to keep it", async () => {
    const persist = vi.fn(() => Promise.resolve(true));
    expect(await new Shelf().room()).toBeUndefined();
    vi.stubGlobal("navigator", {
      storage: { persist, persisted: () => Promise.resolve(true), estimate: () => Promise.resolve({ usage: 5, quota: 10 }) },
    });
    const shelf = new Shelf();
    expect(await shelf.room()).toEqual({ used: 5, quota: 10, persisted: true });
    expect(persist).not.toHaveBeenCalled();
    await shelf.save(library("a"));
    await shelf.save(library("b"));
    expect(persist).toHaveBeenCalledTimes(1);
    vi.stubGlobal("navigator", {
      storage: { persist: () => Promise.reject(new Error("no")), estimate: () => Promise.reject(new Error("no")) },
    });
    await new Shelf().save(library("c"));
    expect(await shelf.room()).toBeUndefined();
  });

  it("says so where it holds only a part of a library", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a", 1200));
    const database = await openDB("tabrank-library");
    await database.delete("passages", ["a", 1]);
    database.close();
    const error = await refusal(shelf.load("a"));
    expect([error.code, error.message]).toEqual([
      "record-damaged",
      "The store holds only a part of “A”. Remove it, and import it from its file or read its files again.",
    ]);
  });
});

describe("a browser that keeps nothing", () => {
  const refusing = (error: Error) => ({
    open: () => {
      throw error;
    },
  });

  it("is worked in all the same", async () => {
    for (const factory of [
      undefined,
      null,
      refusing(new DOMException("no", "SecurityError")),
      refusing(new DOMException("no", "InvalidStateError")),
    ]) {
      vi.stubGlobal("indexedDB", factory);
      const shelf = new Shelf();
      expect(await shelf.list()).toEqual([]);
      expect(shelf.trouble?.code).toBe("storage-refused");
      const error = await refusal(shelf.save(library("a")));
      expect(error.code).toBe("storage-refused");
      expect(error.message).toContain("private windows");
      expect(error.message).toContain("export it to keep it as a file");
      expect(await shelf.load("a")).toEqual(library("a"));
      await shelf.saveVectors("a", vectors("m"));
      expect(await shelf.vectors("a", "mmmm")).toEqual(vectors("m"));
      await shelf.label("a", (queries) => graded(queries, "who?", "a-1", 2));
      await shelf.rename("a", "B");
      expect(await shelf.load("a")).toMatchObject({ name: "B", queries: [{ text: "what?" }, { text: "who?" }] });
      expect(await shelf.list()).toMatchObject([{ id: "a", name: "B", kept: false, queries: 2 }]);
      await shelf.remove("a");
      expect(await shelf.list()).toEqual([]);
      expect(await shelf.vectors("a", "mmmm")).toBeUndefined();
    }
  });

  it("may keep it later", async () => {
    const { indexedDB } = globalThis;
    vi.stubGlobal("indexedDB", undefined);
    const shelf = new Shelf();
    await refusal(shelf.save(library("a")));
    await shelf.saveVectors("a", vectors("m"));
    vi.stubGlobal("indexedDB", indexedDB);
    await shelf.retry();
    expect(shelf.trouble).toBeUndefined();
    expect(await shelf.list()).toMatchObject([{ id: "a", kept: true }]);
    const other = new Shelf();
    expect(await other.load("a")).toEqual(library("a"));
    expect(await other.vectors("a", "mmmm")).toEqual(vectors("m"));
  });
});

describe("a full disk", () => {
  it("leaves what was there, and the new in memory", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a", 700));
    const put = full("passages");
    const error = await refusal(shelf.save({ ...library("a", 800), name: "New" }));
    expect(error.code).toBe("storage-full");
    expect(error.message).toContain("no room left");
    expect(shelf.trouble).toBe(error);
    expect((await shelf.load("a")).passages).toHaveLength(800);
    expect(await shelf.list()).toMatchObject([{ id: "a", name: "New", kept: false }]);
    expect(shelf.trouble).toBe(error);
    expect(await new Shelf().load("a")).toEqual(library("a", 700));
    put.mockRestore();
    await shelf.retry();
    expect(shelf.trouble).toBeUndefined();
    expect((await new Shelf().load("a")).name).toBe("New");
  });

  it("leaves labels in memory", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a"));
    const put = full("queries");
    expect((await refusal(shelf.label("a", (queries) => graded(queries, "who?", "a-1", 2)))).code).toBe("storage-full");
    expect((await shelf.load("a")).queries).toHaveLength(2);
    expect((await new Shelf().load("a")).queries).toHaveLength(1);
    put.mockRestore();
    await shelf.retry();
    expect((await new Shelf().load("a")).queries).toHaveLength(2);
  });

  it("leaves vectors in memory", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a"));
    const put = full("vectors");
    expect((await refusal(shelf.saveVectors("a", vectors("m")))).code).toBe("storage-full");
    expect(await shelf.vectors("a", "mmmm")).toEqual(vectors("m"));
    put.mockRestore();
    await shelf.retry();
    expect(await new Shelf().vectors("a", "mmmm")).toEqual(vectors("m"));
  });
});

describe("two tabs of different age", () => {
  const newer = (blocked?: () => void) => openDB("tabrank-library", 2, blocked === undefined ? {} : { blocked });

  it("do not wait for each other: the older one lets go", async () => {
    const shelf = new Shelf();
    await shelf.save(library("a"));
    const blocked = vi.fn();
    const database = await newer(blocked);
    expect(blocked).not.toHaveBeenCalled();
    const error = await refusal(shelf.save(library("b")));
    expect(error.code).toBe("storage-outdated");
    expect(error.message).toContain("reload this tab");
    expect(await shelf.load("b")).toEqual(library("b"));
    expect(await shelf.list()).toMatchObject([{ id: "b", kept: false }]);
    expect((await refusal(shelf.label("a", (queries) => queries))).code).toBe("storage-outdated");
    database.close();
  });

  it("say so where the newer one was first", async () => {
    (await newer()).close();
    const shelf = new Shelf();
    expect((await refusal(shelf.save(library("a")))).code).toBe("storage-outdated");
  });

  it("say so where an old one doesn't let go, and go on when it does", async () => {
    // A version before the first, held open by a page that doesn't listen.
    const held = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("held", 1);
      request.onsuccess = () => resolve(request.result);
    });
    const { open } = indexedDB;
    vi.spyOn(indexedDB, "open").mockImplementation((name, version) => open.call(indexedDB, name, (version ?? 1) + 1));
    const shelf = new Shelf("held");
    const error = await refusal(shelf.save(library("a")));
    expect(error.code).toBe("storage-blocked");
    expect(error.message).toContain("Close that tab");
    held.close();
    await shelf.retry();
    expect(await shelf.list()).toMatchObject([{ id: "a", kept: true }]);
  });

  it("do not wait for a browser that never answers", async () => {
    vi.useFakeTimers();
    try {
      vi.stubGlobal("indexedDB", { open: () => new IDBOpenDBRequest() });
      const saving = refusal(new Shelf().save(library("a")));
      await vi.advanceTimersByTimeAsync(10_000);
      expect((await saving).code).toBe("storage-failed");
    } finally {
      vi.useRealTimers();
    }
  });
});
