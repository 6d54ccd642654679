/** What Node has in the place of what a page has. Threads and models are tested with the package as it is installed. */

import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cacheFolder, FolderCaches } from "../src/node/cache.js";
import { fetchAnything } from "../src/node/files.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tabrank-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("caches in a folder", () => {
  const url = "https://page.test/m.gguf?hash=1";
  const put = async (at = url, content = "model") => {
    const cache = await new FolderCaches(folder).open("tabrank");
    await cache.put(at, new Response(content, { headers: { "x-hash": "1" } }));
    return cache;
  };

  test("give back what was put, also to another program", async () => {
    await put();
    const cache = await new FolderCaches(folder).open("tabrank");
    const kept = await cache.match(url);
    expect([await kept?.text(), kept?.headers.get("x-hash"), kept?.headers.get("content-length")]).toEqual(["model", "1", "5"]);
    expect(await cache.match("https://page.test/m.gguf?hash=2")).toBeUndefined();
  });

  test("know the versions of a file, and forget them", async () => {
    const cache = await put();
    await put("https://page.test/m.gguf?hash=2", "newer");
    await put("https://page.test/other.gguf");
    const versions = await cache.keys(url, { ignoreSearch: true });
    expect(versions.map((one) => one.url).sort()).toEqual([url, "https://page.test/m.gguf?hash=2"]);
    await cache.delete(url);
    expect(await cache.match(url)).toBeUndefined();
    expect(await cache.keys(url, { ignoreSearch: true })).toHaveLength(1);
  });

  test("don't count what was half written", async () => {
    const cache = await put();
    const name = (await readdir(join(folder, "tabrank"))).find((one) => one.endsWith(".json")) ?? "";
    await writeFile(join(folder, "tabrank", name), '{"url"');
    expect(await cache.match(url)).toBeUndefined();
    expect(await cache.keys(url, { ignoreSearch: true })).toEqual([]);
    await put();
    expect(await (await cache.match(url))?.text()).toBe("model");
    expect(await readdir(join(folder, "tabrank"))).toHaveLength(2);
  });

  test("are rid of what was left half written long ago", async () => {
    await put();
    const [old, fresh] = ["old.bin.part", "fresh.bin.part"].map((name) => join(folder, "tabrank", name));
    for (const path of [old, fresh]) await writeFile(path as string, "half");
    await utimes(old as string, new Date(0), new Date(0));
    await new FolderCaches(folder).open("tabrank");
    expect((await readdir(join(folder, "tabrank"))).filter((name) => name.endsWith(".part"))).toEqual(["fresh.bin.part"]);
  });

  test("are gone when they are deleted", async () => {
    await put();
    await new FolderCaches(folder).delete("tabrank");
    expect(await readdir(folder)).toEqual([]);
    await new FolderCaches(folder).delete("tabrank");
  });

  test("lie where the system wants them", () => {
    expect(cacheFolder({ TABRANK_CACHE_DIR: "/x" }, "linux")).toBe("/x");
    expect(cacheFolder({ XDG_CACHE_HOME: "/y" }, "linux")).toBe(join("/y", "tabrank"));
    expect(cacheFolder({}, "linux")).toBe(join(homedir(), ".cache", "tabrank"));
    expect(cacheFolder({}, "darwin")).toBe(join(homedir(), "Library", "Caches", "tabrank"));
    expect(cacheFolder({ LOCALAPPDATA: "/z" }, "win32")).toBe(join("/z", "tabrank", "Cache"));
  });
});

describe("fetch", () => {
  test("reads files", async () => {
    await writeFile(join(folder, "a b.json"), "[1]");
    const response = await fetchAnything(pathToFileURL(join(folder, "a b.json")).href, {});
    expect([response.ok, response.headers.get("content-length"), response.headers.get("content-type")]).toEqual([true, "3", "application/json"]);
    expect(await response.json()).toEqual([1]);
  });

  test("says of files that aren't there what servers say", async () => {
    expect((await fetchAnything(pathToFileURL(join(folder, "none")).href, {})).status).toBe(404);
  });

  test("is aborted", async () => {
    await expect(fetchAnything(pathToFileURL(folder).href, { signal: AbortSignal.abort() })).rejects.toThrow();
  });

  test("leaves everything else to the platform", async () => {
    const other = vi.fn(async () => new Response("there"));
    vi.stubGlobal("fetch", other);
    await fetchAnything("https://page.test/", { cache: "no-cache" });
    expect(other).toHaveBeenCalledWith("https://page.test/", { cache: "no-cache" });
    vi.unstubAllGlobals();
  });
});
