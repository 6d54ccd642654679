import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AbortError, ManifestError, ModelIntegrityError, ModelUnavailableError } from "../src/errors.js";
import { obtain as obtainRoom } from "../src/models.js";
import { digestWith, type Bytes } from "../src/room.js";
import { Store } from "../src/store.js";
import type { Supply } from "../src/supply.js";
import type { ManifestEntry, Origin, ProgressEvent } from "../src/types.js";
import { FakeCaches } from "./caches.js";
import { body, cutOff, stalled, startServer, status, type Route, type TestServer } from "./server.js";
import { hash, makeConverter, makeSupply } from "./supply.js";

const gguf = new Uint8Array(20_000).map((_, i) => i % 251);
const other = gguf.slice().fill(1, 1000, 1001);

let server: TestServer;
let events: ProgressEvent[];
let caches: FakeCaches;

beforeEach(async () => {
  server = await startServer();
  events = [];
  caches = new FakeCaches();
  vi.stubGlobal("caches", caches);
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function entry(changes: Partial<ManifestEntry> = {}): ManifestEntry {
  return {
    id: "model",
    role: "cross-encoder",
    description: "",
    licence: "Apache-2.0",
    file: "model.gguf",
    bytes: gguf.length,
    sha256: hash(gguf),
    quantization: "Q8_0",
    architecture: "bert",
    pooling: null,
    head: "classifier",
    activation: "identity",
    max_tokens: 512,
    ...changes,
  };
}

async function supply(changes: Partial<Supply> = {}): Promise<Supply> {
  return makeSupply(server.url, { onProgress: (event) => events.push(event), ...changes });
}

/** What was obtained, once what is to be kept has been written. */
async function obtain(wanted: ManifestEntry, supply: Supply): Promise<{ bytes: Bytes; sha256: string }> {
  try {
    const { room, bytes, sha256 } = await obtainRoom({ from: "manifest", id: wanted.id, entry: wanted }, supply);
    expect(bytes).toBe(room.view().length);
    return { bytes: room.view(), sha256 };
  } finally {
    await supply.store?.flush();
  }
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  );
}

/** Answers with the range that was asked for. */
const ranges =
  (content: Uint8Array): Route =>
  (response, request) => {
    const [, start = "0", end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const part = content.subarray(Number(start), end ? Number(end) + 1 : undefined);
    response.writeHead(request.headers.range ? 206 : 200, { "content-length": part.length }).end(part);
  };

describe("what is known of a file", () => {
  test.each([
    ["isn't fetched", gguf, 2],
    ["is fetched all the same if it isn't in it", other, 3],
  ])("%s", async (_, source, asked) => {
    server.routes.set("/models/model.gguf", ranges(gguf));
    const known = [{ at: 500, bytes: 10_000, take: async () => source.slice(500, 10_500) }];
    const { room } = await obtainRoom({ from: "manifest", id: "model", entry: entry() }, await supply(), known);
    expect(hash(room.view())).toBe(hash(gguf));
    expect(server.asked).toHaveLength(asked);
  });
});

describe("the site's own file", () => {
  test("is fetched with progress, kept, and taken from the store next time", async () => {
    server.routes.set("/models/model.gguf", body(gguf));
    const first = await obtain(entry(), await supply());
    expect(first).toEqual({ bytes: gguf, sha256: hash(gguf) });
    expect(events.map(({ status }) => status)).toEqual(
      expect.arrayContaining(["initiate", "download", "progress", "done"]),
    );
    const total = gguf.length;
    expect(events.filter(({ status }) => status === "progress").at(-1)).toMatchObject({ loaded: total, total });
    expect(events.at(-1)).toMatchObject({ status: "done", source: "network", name: "model", file: "model.gguf" });

    const second = await obtain(entry(), await supply());
    expect(second.bytes).toEqual(gguf);
    expect(server.asked).toEqual(["/models/model.gguf"]);
    expect(events.at(-1)).toMatchObject({ status: "done", source: "cache", loaded: total });
  });

  test.each([
    ["other bytes", () => body(other), /SHA-256/],
    ["too few bytes", () => body(gguf.subarray(1)), /19999 bytes/],
    ["too many bytes", () => body(new Uint8Array(20_001)), /more/],
    ["a connection that breaks", () => cutOff(gguf), /bytes, then the connection broke/],
  ])("with %s is refused, by name, and not kept", async (_, route, found) => {
    server.routes.set("/models/model.gguf", route());
    const error = await failure(obtain(entry(), await supply()));
    expect(error).toBeInstanceOf(ModelIntegrityError);
    expect(error).toMatchObject({ file: "model.gguf", found: expect.stringMatching(found) });
    expect(caches.size).toBe(0);
  });

  test("of unknown size, cut off, is refused too", async () => {
    server.routes.set("/models/model.gguf", cutOff(gguf));
    const error = await failure(obtain(entry({ bytes: null }), await supply()));
    expect(error).toMatchObject({ code: "model-integrity", file: "model.gguf" });
  });

  test("of unknown size is verified by its hash", async () => {
    server.routes.set("/models/model.gguf", body(gguf));
    expect((await obtain(entry({ bytes: null }), await supply())).bytes).toEqual(gguf);
  });

  test.each([
    [404, true],
    [410, true],
    [403, false],
    [500, false],
  ])("answered with %d is unavailable", async (code, missing) => {
    server.routes.set("/models/model.gguf", status(code));
    const error = await failure(obtain(entry(), await supply()));
    expect(error).toBeInstanceOf(ModelUnavailableError);
    expect(error).toMatchObject({ status: code, missing, url: `${server.url.href}models/model.gguf` });
    expect(String(error)).toContain(`HTTP ${code}`);
  });

  test("answered with the web page of a single-page application is missing", async () => {
    server.routes.set("/models/model.gguf", body("<!doctype html>", "text/html; charset=utf-8"));
    expect(await failure(obtain(entry(), await supply()))).toMatchObject({ code: "model-unavailable", missing: true });
  });

  test("of a server that can't be reached is unavailable", async () => {
    const { url } = server;
    await server.close();
    const error = await failure(obtain(entry(), await supply({ models: url })));
    expect(error).toBeInstanceOf(ModelUnavailableError);
    expect(error).toMatchObject({ url: `${url.href}model.gguf`, status: undefined, missing: false });
    server = await startServer();
  });

  test("is let go of at once when aborted halfway", async () => {
    server.routes.set("/models/model.gguf", stalled(gguf));
    const controller = new AbortController();
    const work = failure(obtain(entry(), await supply({ signal: controller.signal })));
    await vi.waitUntil(() => events.some(({ status }) => status === "progress"));
    const start = performance.now();
    controller.abort();
    expect(await work).toBeInstanceOf(AbortError);
    expect(performance.now() - start).toBeLessThan(100);
    expect(caches.size).toBe(0);
  });
});

describe("the store", () => {
  beforeEach(() => server.routes.set("/models/model.gguf", body(gguf)));

  test("drops the older version of a file", async () => {
    await obtain(entry(), await supply());
    server.routes.set("/models/model.gguf", body(other));
    await obtain(entry({ sha256: hash(other) }), await supply());
    expect(caches.size).toBe(1);
    expect((await obtain(entry({ sha256: hash(other) }), await supply())).bytes).toEqual(other);
  });

  test("that went bad is not believed, and the file is fetched again", async () => {
    await obtain(entry(), await supply());
    caches.damage(other);
    expect((await obtain(entry(), await supply())).bytes).toEqual(gguf);
    expect(server.asked).toHaveLength(2);
    expect((await obtain(entry(), await supply())).bytes).toEqual(gguf);
    expect(server.asked).toHaveLength(2);
  });

  test("that is full is done without", async () => {
    caches.full = true;
    expect((await obtain(entry(), await supply())).bytes).toEqual(gguf);
  });

  test.each([
    ["absent", { value: undefined }],
    ["refused", { value: { open: () => Promise.reject(new DOMException("no", "SecurityError")) } }],
    [
      "not even to be looked at",
      {
        get: () => {
          throw new DOMException("no", "SecurityError");
        },
      },
    ],
  ])("that is %s is done without", async (_, descriptor) => {
    Object.defineProperty(globalThis, "caches", { configurable: true, ...descriptor });
    expect(await Store.open()).toBeNull();
    expect((await obtain(entry(), await supply())).bytes).toEqual(gguf);
  });
});

describe("a model of unknown hash", () => {
  const unknown = { bytes: null, sha256: null };
  const parts: Record<string, string> = {
    "config.json": '{"a":1}',
    "tokenizer.json": '{"b":"\u00e9"}',
    "model.safetensors": "weights",
  };
  const origin: Origin = {
    files: Object.entries(parts).map(([name, content]) => {
      const bytes = Buffer.byteLength(content);
      return { name, repo: "group/name", revision: "abc", bytes, sha256: hash(content) };
    }),
  };
  const partPath = (name: string) => `/hub/group/name/resolve/abc/${name}`;
  const convert = vi.fn((..._: unknown[]) => gguf.slice());

  beforeEach(() => {
    convert.mockClear();
    for (const [name, content] of Object.entries(parts)) server.routes.set(partPath(name), body(content));
  });

  test("is converted from verified files of its origin, and only the result is kept", async () => {
    const file = await obtain(entry({ ...unknown, origin }), await supply({ makeConverter: makeConverter(convert) }));
    expect(file).toEqual({ bytes: gguf, sha256: hash(gguf) });
    expect(convert).toHaveBeenCalledWith({ config: parts["config.json"], tokenizer: parts["tokenizer.json"] }, expect.any(Uint8Array), {
      id: "model",
      role: "cross-encoder",
      quantization: "Q8_0",
      licence: "Apache-2.0",
      max_tokens: 512,
      activation: "identity",
    });
    expect(Buffer.from(convert.mock.calls[0]?.[1] as Bytes).toString()).toBe("weights");
    expect(caches.size).toBe(1);

    const again = await obtain(entry({ ...unknown, origin }), await supply({ makeConverter: makeConverter(convert) }));
    expect(again).toEqual(file);
    expect(convert).toHaveBeenCalledTimes(1);
    expect(events.at(-1)).toMatchObject({ status: "done", source: "cache", file: "model.gguf" });
  });

  test("is converted anew when something else is wanted of it, and when the kept one went bad", async () => {
    await obtain(entry({ ...unknown, origin }), await supply({ makeConverter: makeConverter(convert) }));
    await obtain(entry({ ...unknown, origin, quantization: "Q4_0" }), await supply({ makeConverter: makeConverter(convert) }));
    expect(convert).toHaveBeenCalledTimes(2);
    expect(caches.size).toBe(1);
    caches.damage(other);
    await obtain(entry({ ...unknown, origin, quantization: "Q4_0" }), await supply({ makeConverter: makeConverter(convert) }));
    expect(convert).toHaveBeenCalledTimes(3);
  });

  test("is refused if a file of its origin is another", async () => {
    server.routes.set(partPath("model.safetensors"), body("WEIGHTS"));
    const error = await failure(obtain(entry({ ...unknown, origin }), await supply({ makeConverter: makeConverter(convert) })));
    expect(error).toMatchObject({ code: "model-integrity", file: "group/name/model.safetensors" });
    expect(convert).not.toHaveBeenCalled();
  });

  test("is refused unfetched if a file of its origin can't be verified, with the way to do it by hand", async () => {
    const open = { files: origin.files.map((file, i) => (i === 2 ? { ...file, sha256: null } : file)) };
    const error = await failure(obtain(entry({ ...unknown, origin: open }), await supply({ makeConverter: makeConverter(convert) })));
    expect(error).toBeInstanceOf(ModelUnavailableError);
    expect(String(error)).toMatch(/model\.safetensors.*group\/name at revision abc.*tabrank convert FOLDER models\/model\.gguf/);
    expect(server.asked).toEqual([]);
  });

  test("is refused if it has no origin", async () => {
    expect(await failure(obtain(entry(unknown), await supply()))).toBeInstanceOf(ModelUnavailableError);
  });

  test("names a file that its origin lacks", async () => {
    const short = { files: origin.files.slice(0, 2) };
    const error = await failure(obtain(entry({ ...unknown, origin: short }), await supply({ makeConverter: makeConverter(convert) })));
    expect(error).toBeInstanceOf(ManifestError);
    expect(String(error)).toContain("model.safetensors");
  });

  test("of known hash is converted where the site lacks it, and must come out the same", async () => {
    expect((await obtain(entry({ origin }), await supply({ makeConverter: makeConverter(convert) }))).bytes).toEqual(gguf);
    convert.mockImplementationOnce(() => other.slice());
    const again = entry({ origin, quantization: "Q4_0" });
    const error = await failure(obtain(again, await supply({ makeConverter: makeConverter(convert) })));
    expect(error).toMatchObject({ code: "model-integrity", file: "model.gguf" });
  });

  test("of known hash is not looked for elsewhere if the site's file is damaged or its server ill", async () => {
    server.routes.set("/models/model.gguf", body(other));
    expect(await failure(obtain(entry({ origin }), await supply({ makeConverter: makeConverter(convert) })))).toBeInstanceOf(ModelIntegrityError);
    server.routes.set("/models/model.gguf", status(503));
    expect(await failure(obtain(entry({ origin }), await supply({ makeConverter: makeConverter(convert) })))).toMatchObject({ status: 503 });
    expect(convert).not.toHaveBeenCalled();
  });
});

test("without crypto.subtle, the engine's SHA-256 is used", async () => {
  vi.stubGlobal("crypto", {});
  const fallback = vi.fn(async (bytes: Uint8Array) => hash(bytes));
  expect(await digestWith(fallback)(gguf)).toBe(hash(gguf));
  expect(fallback).toHaveBeenCalledOnce();
});

test("with it, it isn't", async () => {
  expect(await digestWith(() => expect.unreachable())(gguf)).toBe(hash(gguf));
});
