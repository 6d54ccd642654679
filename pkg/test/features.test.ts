import { afterEach, expect, test, vi } from "vitest";
import { UnsupportedBrowserError } from "../src/errors.js";
import { insistOnFeatures } from "../src/features.js";
import { BadInputError, load } from "../src/index.js";

afterEach(() => vi.unstubAllGlobals());

test("a browser with everything passes, so the probe is a valid module", () => {
  vi.stubGlobal("Worker", class {});
  expect(insistOnFeatures).not.toThrow();
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
  await expect(load()).rejects.toThrow(/server/);
});

test("an address that is none is named", async () => {
  vi.stubGlobal("Worker", class {});
  await expect(load({ modelsUrl: "models/" })).rejects.toThrow(BadInputError);
  await expect(load({ modelsUrl: "https://example.org/", wasmUrl: "http://" })).rejects.toThrow(/wasmUrl/);
});
