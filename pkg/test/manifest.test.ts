import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AbortError, BadInputError, ManifestError, ModelUnavailableError } from "../src/errors.js";
import { listModels } from "../src/index.js";
import { findEntry, parseManifest } from "../src/manifest.js";
import type { Manifest } from "../src/types.js";
import { body, stalled, startServer, status, type TestServer } from "./server.js";

const model = {
  id: "scout",
  role: "bi-encoder",
  description: "",
  licence: "Apache-2.0",
  file: "scout.gguf",
  bytes: 12,
  sha256: "0".repeat(64),
  quantization: "Q8_0",
  architecture: "bert",
  pooling: "mean",
  head: null,
  activation: "identity",
  max_tokens: 256,
};
const good = { defaults: { bi_encoder: "scout", cross_encoder: "judge" }, models: [model] };

describe("parseManifest", () => {
  const parse = (value: unknown) => parseManifest(JSON.stringify(value), "manifest.json");

  test("takes a good one, with whatever else it holds", () => {
    expect(parse({ ...good, remark: 1 })).toMatchObject(good);
  });

  const shared = (parts: unknown) => ({ with: "scout", sha256: null, parts });
  const part = { name: "config.json", repo: "a/b", revision: "c", bytes: null, sha256: null };
  test.each([
    ["no object", [], /manifest\.json: it must be an object/],
    ["no defaults", { models: [] }, /defaults must be an object, but it is missing/],
    ["no models", { defaults: good.defaults }, /models must be an array/],
    ["a model without id", { ...good, models: [{ ...model, id: "" }] }, /models\[0\]\.id/],
    ["a model of another role", { ...good, models: [model, { ...model, role: "oracle" }] }, /models\[1\]\.role/],
    ["a size that is none", { ...good, models: [{ ...model, bytes: -1 }] }, /models\[0\]\.bytes/],
    ["a hash in capitals", { ...good, models: [{ ...model, sha256: "A".repeat(64) }] }, /models\[0\]\.sha256/],
    ["a hash that is missing", { ...good, models: [{ ...model, sha256: undefined }] }, /sha256 .* missing/],
    ["an unknown quantization", { ...good, models: [{ ...model, quantization: "Q2_K" }] }, /quantization/],
    ["shared parts that are no list", { ...good, models: [{ ...model, shared: shared({}) }] }, /models\[0\]\.shared\.parts must be an array/],
    ["a shared part of no size", { ...good, models: [{ ...model, shared: shared([{ at: 1, there: 1, bytes: null }]) }] }, /parts\[0\]\.bytes/],
    ["shared parts that overlap", { ...good, models: [{ ...model, shared: shared([{ at: 5, there: 1, bytes: 9 }, { at: 13, there: 1, bytes: 9 }]) }] }, /parts\[1\]\.at must be behind/],
    [
      "an origin without repository",
      { ...good, models: [{ ...model, origin: { files: [part, { ...part, repo: 1 }] } }] },
      /models\[0\]\.origin\.files\[1\]\.repo/,
    ],
  ])("refuses %s", (_, value, message) => {
    expect(() => parse(value)).toThrow(ManifestError);
    expect(() => parse(value)).toThrow(message);
  });
});

describe("findEntry", () => {
  const manifest = good as Manifest;
  test("finds", () => expect(findEntry(manifest, "scout", "bi-encoder")).toBe(model));
  test("names what there is instead of an unknown model", () => {
    expect(() => findEntry(manifest, "scott", "bi-encoder")).toThrow(BadInputError);
    expect(() => findEntry(manifest, "scott", "bi-encoder")).toThrow(/"scott" is not in the manifest.*scout/);
  });
  test("sees the wrong role", () => {
    expect(() => findEntry(manifest, "scout", "cross-encoder")).toThrow(/is a bi-encoder, not a cross-encoder/);
  });
});

describe("listModels", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  test("fetches the manifest of a folder, with or without a slash at its end", async () => {
    server.routes.set("/models/manifest.json", body(JSON.stringify(good)));
    expect(await listModels(new URL("models/", server.url))).toMatchObject(good);
    expect(await listModels(`${server.url.href}models`)).toMatchObject(good);
  });

  test("says what the server answered", async () => {
    await expect(listModels(server.url)).rejects.toThrow(ModelUnavailableError);
    await expect(listModels(server.url)).rejects.toMatchObject({ status: 404, missing: true });
    server.routes.set("/manifest.json", status(500));
    await expect(listModels(server.url)).rejects.toThrow(/manifest\.json answered with HTTP 500/);
  });

  test("refuses a web page", async () => {
    server.routes.set("/manifest.json", body("<!doctype html>", "text/html"));
    await expect(listModels(server.url)).rejects.toThrow(ManifestError);
  });

  test("can be aborted", async () => {
    server.routes.set("/manifest.json", stalled(Buffer.from(JSON.stringify(good))));
    const controller = new AbortController();
    const work = listModels(server.url, controller.signal);
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toThrow(AbortError);
  });
});
