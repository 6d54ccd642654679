/** Models that only the hub knows. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isCached } from "../src/cached.js";
import { ModelIntegrityError, ModelRefusedError, ModelUnavailableError } from "../src/errors.js";
import { obtain } from "../src/models.js";
import type { ModelRequest } from "../src/protocol.js";
import type { Supply } from "../src/supply.js";
import { FakeCaches } from "./caches.js";
import { repositoryOf, startHub, type Hub } from "./hub-server.js";
import { hash, makeConverter, makeSupply } from "./supply.js";

const gguf = new Uint8Array(20_000).map((_, i) => i % 251);
const files = {
  "config.json": '{"a":1}',
  "tokenizer.json": '{"b":"\u00e9"}',
  "modules.json": "[]",
  "1_Pooling/config.json": "{}",
  "model.safetensors": "weights",
  "README.md": "# A model",
};

const request = (changes: Partial<ModelRequest & { from: "repository" }> = {}): ModelRequest => ({
  from: "repository",
  id: "group/name",
  repo: "group/name",
  revision: "main",
  quantization: "Q8_0",
  extras: {},
  ...changes,
});

let hub: Hub;
let caches: FakeCaches;
const convert = vi.fn((..._: unknown[]) => gguf.slice());

beforeEach(async () => {
  hub = await startHub();
  caches = new FakeCaches();
  vi.stubGlobal("caches", caches);
  convert.mockClear();
  hub.repositories.set("group/name", repositoryOf(files));
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await hub.close();
});

async function get(wanted = request(), changes: Partial<Supply> = {}) {
  const supply = await makeSupply(hub.url, { hub: hub.url, makeConverter: makeConverter(convert), ...changes });
  const file = await obtain(wanted, supply);
  await supply.store?.flush();
  return file;
}

describe("a repository", () => {
  test("is read at the commit that its branch has, checked, converted, and kept", async () => {
    const { room, sha256 } = await get();
    expect([sha256, hash(room.view())]).toEqual([hash(gguf), hash(gguf)]);
    const texts = { config: files["config.json"], tokenizer: files["tokenizer.json"], modules: "[]", pooling: "{}" };
    expect(convert).toHaveBeenCalledWith(texts, expect.any(Uint8Array), { id: "group/name", quantization: "Q8_0", licence: "apache-2.0" });
    expect(hub.asked).not.toContain("README.md");

    await get();
    expect(convert).toHaveBeenCalledOnce();
    expect(hub.asked.filter((path) => path === "model.safetensors")).toHaveLength(1);
  });

  test("is loaded from the store without a connection, and isCached knows", async () => {
    vi.stubGlobal("location", { href: "http://page.test/" });
    const options = { biEncoder: "group/name", crossEncoder: new Uint8Array(1), hubUrl: hub.url };
    expect(await isCached(options)).toBe(false);
    await get();
    expect(await isCached(options)).toBe(true);
    expect(await isCached({ ...options, biEncoder: { repo: "group/name", quantization: "Q4_0" } })).toBe(false);
    const { url } = hub;
    await hub.close();
    const supply = await makeSupply(url, { hub: url });
    expect((await obtain(request(), supply)).sha256).toBe(hash(gguf));
    hub = await startHub();
  });

  test("is loaded from the store where the hub is ill", async () => {
    await get();
    hub.faults.set("group/name", [{ status: 500 }, { status: 500 }, { status: 500 }, "wrong"]);
    await get();
    await get();
    expect(convert).toHaveBeenCalledOnce();
  });

  test("is loaded anew when its branch has moved", async () => {
    await get();
    hub.repositories.set("group/name", repositoryOf({ ...files, "model.safetensors": "better weights" }));
    await get();
    expect(convert).toHaveBeenCalledTimes(2);
  });

  test("at a commit is described once", async () => {
    const revision = hub.repositories.get("group/name")?.commit ?? "";
    await get(request({ revision }));
    await get(request({ revision }));
    expect(hub.asked.filter((path) => path.startsWith("/api/"))).toHaveLength(1);
  });

  test("may say what goes before queries, and the caller may say otherwise", async () => {
    const prompts = JSON.stringify({ prompts: { query: "Find: ", document: "" } });
    hub.repositories.set("group/name", repositoryOf({ ...files, "config_sentence_transformers.json": prompts }));
    await get();
    expect(convert.mock.lastCall?.[2]).toMatchObject({ query_prefix: "Find: " });
    await get(request({ extras: { query_prefix: "", pooling: "cls", max_tokens: 99 } }));
    expect(convert.mock.lastCall?.[2]).toMatchObject({ query_prefix: "", pooling: "cls", max_tokens: 99 });
  });

  test("that wants words before documents is refused", async () => {
    const prompts = JSON.stringify({ prompts: { query: "query: ", document: "passage: " } });
    hub.repositories.set("group/name", repositoryOf({ ...files, "config_sentence_transformers.json": prompts }));
    await expect(get()).rejects.toThrow(ModelRefusedError);
  });

  test.each(["config.json", "1_Pooling/config.json", "model.safetensors"])("of which %s is another than the hub says is refused", async (name) => {
    hub.faults.set(name, ["wrong"]);
    await expect(get()).rejects.toThrow(ModelIntegrityError);
    expect(convert).not.toHaveBeenCalled();
  });

  test("of which the weights have no SHA-256 is refused unfetched", async () => {
    hub.repositories.set("group/name", repositoryOf(files, []));
    await expect(get()).rejects.toThrow(/no SHA-256 of group\/name's model\.safetensors/);
    expect(hub.asked).toHaveLength(1);
  });

  test("with settings that are no JSON is refused", async () => {
    hub.repositories.set("group/name", repositoryOf({ ...files, "config_sentence_transformers.json": "{" }));
    await expect(get()).rejects.toThrow(ModelRefusedError);
  });

  test("asked for in two ways is kept in both", async () => {
    for (let i = 0; i < 2; i++) {
      await get();
      await get(request({ extras: { pooling: "cls" } }));
      await get(request({ revision: hub.repositories.get("group/name")?.commit ?? "" }));
    }
    expect(convert).toHaveBeenCalledTimes(3);
  });

  test("survives a connection that breaks, and a busy hub", async () => {
    hub.faults.set("model.safetensors", [{ cutAfter: 3 }, { status: 429 }]);
    await get();
    expect(Buffer.from(convert.mock.lastCall?.[1] as Uint8Array).toString()).toBe("weights");
  });

  test("without weights in the right form is unavailable, by name", async () => {
    hub.repositories.set("group/name", repositoryOf({ "config.json": "{}", "pytorch_model.bin": "x" }));
    await expect(get()).rejects.toThrow(/group\/name has no tokenizer\.json, no model\.safetensors/);
  });

  test("that isn't there is unavailable, and so is a revision", async () => {
    await expect(get(request({ repo: "group/nobody" }))).rejects.toMatchObject({ missing: true, status: 401 });
    await expect(get(request({ revision: "nowhere" }))).rejects.toMatchObject({ missing: true, status: 404 });
  });

  test("that is described in another way is refused", async () => {
    hub.faults.set("group/name", ["wrong"]);
    await expect(get()).rejects.toThrow(ModelUnavailableError);
  });
});

describe("a model of one's own", () => {
  const address = (sha256: string | null): ModelRequest => ({
    from: "address",
    id: "mine",
    url: new URL("group/name/resolve/main/m.gguf", hub.url).href,
    sha256,
  });

  beforeEach(() => hub.repositories.set("group/name", repositoryOf({ "m.gguf": gguf })));

  test("at an address is fetched each time", async () => {
    expect((await get(address(null))).sha256).toBe(hash(gguf));
    await get(address(null));
    expect(hub.asked).toEqual(["m.gguf", "m.gguf"]);
    expect(caches.size).toBe(0);
  });

  test("with a hash is verified and kept", async () => {
    await expect(get(address(hash("another")))).rejects.toThrow(ModelIntegrityError);
    await get(address(hash(gguf)));
    await get(address(hash(gguf)));
    expect(hub.asked).toHaveLength(2);
  });

  test("is kept beside others that differ in what follows the ?", async () => {
    const other = gguf.slice().fill(1, 0, 1);
    hub.repositories.set("group/name", repositoryOf({ "m.gguf": gguf, "n.gguf": other }));
    const at = (name: string, bytes: Uint8Array): ModelRequest => ({ from: "address", id: name, url: new URL(`group/name/resolve/main/m.gguf?${name}`, hub.url).href, sha256: hash(bytes) });
    await get(at("one", gguf));
    hub.repositories.set("group/name", repositoryOf({ "m.gguf": other }));
    await get(at("two", other));
    await get(at("one", gguf));
    expect(hub.asked).toHaveLength(2);
  });

  test("as bytes is taken as it is", async () => {
    for (const bytes of [gguf.slice().buffer, gguf, new Blob([gguf])]) {
      const { room, sha256, bytes: length } = await get({ from: "bytes", id: "bytes", bytes });
      expect([hash(room.view()), sha256, length]).toEqual([hash(gguf), hash(gguf), gguf.length]);
    }
  });
});
