import { afterEach, expect, test, vi } from "vitest";
import { UnsupportedBrowserError } from "../src/errors.js";
import { insistOnFeatures, relaxedSimd } from "../src/features.js";
import { BadInputError, load } from "../src/index.js";

afterEach(() => vi.unstubAllGlobals());

test("a browser with everything passes, so the probe is a valid module", () => {
  vi.stubGlobal("Worker", class {});
  expect(insistOnFeatures).not.toThrow();
});

test("the probe for relaxed SIMD asks for nothing else that a browser might lack", () => {
  const { validate } = WebAssembly;
  const without = vi.fn((bytes: Uint8Array<ArrayBuffer>) => {
    // v128.bitselect takes and gives as many vectors, and every browser with SIMD has it.
    const at = bytes.findIndex((byte, i) => byte === 0x93 && bytes[i + 1] === 0x02);
    const changed = bytes.slice();
    changed.set([0xd2, 0x00], at);
    return validate(changed);
  });
  vi.stubGlobal("WebAssembly", { validate: without });
  expect(relaxedSimd()).toBe(true);
  vi.stubGlobal("WebAssembly", { validate: () => false });
  expect(relaxedSimd()).toBe(false);
});

test("relaxed SIMD is told from SIMD by the engine of this program", () => {
  const [major = 0, minor = 0] = process.versions.v8.split(".").map(Number);
  expect(relaxedSimd()).toBe(major > 11 || (major === 11 && minor >= 4));
});

test("without WebAssembly, nothing is fetched and the browsers that work are named", async () => {
  const fetch = vi.fn();
  vi.stubGlobal("fetch", fetch);
  vi.stubGlobal("WebAssembly", undefined);
  const error: unknown = await load().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UnsupportedBrowserError);
  expect(String(error)).toMatch(/WebAssembly.*Firefox \d+.*Safari \d+/);
  expect(fetch).not.toHaveBeenCalled();
});

test("without SIMD", async () => {
  vi.stubGlobal("WebAssembly", { validate: () => false });
  await expect(load()).rejects.toThrow(/SIMD/);
});

test("on a server, importing does nothing and load says where it belongs", async () => {
  await expect(load()).rejects.toThrow(UnsupportedBrowserError);
  await expect(load()).rejects.toThrow(/in Node/);
});

test("an address that is none is named", async () => {
  vi.stubGlobal("Worker", class {});
  await expect(load({ modelsUrl: "models/" })).rejects.toThrow(BadInputError);
  await expect(load({ modelsUrl: "https://example.org/", wasmUrl: "http://" })).rejects.toThrow(/wasmUrl/);
});
