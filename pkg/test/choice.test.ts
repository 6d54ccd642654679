import { describe, expect, test } from "vitest";
import { choices, requests } from "../src/choice.js";
import { BadInputError } from "../src/errors.js";
import type { Manifest, ModelChoice } from "../src/types.js";

const page = "https://page.test/app/";
const hash = "a".repeat(64);
const one = (choice: ModelChoice | undefined) => choices({ biEncoder: choice as ModelChoice }, page).biEncoder;

describe("a model", () => {
  test.each<[string, ModelChoice | undefined, unknown]>([
    ["by default", undefined, { id: undefined }],
    ["by its id", "all-MiniLM-L6-v2", { id: "all-MiniLM-L6-v2" }],
    ["in a repository", "BAAI/bge-small-en-v1.5", { from: "repository", repo: "BAAI/bge-small-en-v1.5", revision: "main", quantization: "Q8_0", extras: {} }],
    ["in a repository, with more said", { repo: "a/b", revision: "v1", quantization: "F16", pooling: "cls", maxTokens: 128, queryPrefix: "q: " }, { revision: "v1", quantization: "F16", extras: { pooling: "cls", max_tokens: 128, query_prefix: "q: " } }],
    ["at an address beside the page", "models/mine.gguf", { from: "address", id: "mine.gguf", url: "https://page.test/app/models/mine.gguf", sha256: null }],
    ["at an address from the root", "/models/mine", { from: "address", url: "https://page.test/models/mine" }],
    ["at an absolute address", "https://else.test/a%20b", { from: "address", id: "a b", url: "https://else.test/a%20b" }],
    ["at an address that no decoder likes", "models/50%.gguf", { id: "50%.gguf" }],
    ["at a URL", new URL("https://else.test/m.gguf"), { from: "address", id: "m.gguf" }],
    ["at an address, with its hash and name", { url: "m.gguf", sha256: hash.toUpperCase(), id: "mine" }, { from: "address", id: "mine", sha256: hash }],
    ["as a buffer", new ArrayBuffer(3), { from: "bytes", id: "bytes" }],
    ["as an array", new Uint8Array(3), { from: "bytes", id: "bytes" }],
    ["as a file", new File([], "mine.gguf"), { from: "bytes", id: "mine.gguf" }],
  ])("%s", (_, choice, expected) => {
    expect(one(choice)).toMatchObject(expected as object);
  });

  test.each([[3], [{}], ["http://["], [{ url: "m.gguf", sha256: "1234" }], [{ repo: "name" }], [{ repo: "a/../b" }], [{ repo: "a/b", quantization: "Q5" }]])(
    "as %j is refused",
    (choice) => {
      expect(() => one(choice as never)).toThrow(BadInputError);
    },
  );
});

test("the manifest is asked for only if a model is of it", async () => {
  const entry = { id: "bi", role: "bi-encoder" };
  const manifest = { defaults: { bi_encoder: "bi", cross_encoder: "cross" }, models: [entry, { id: "cross", role: "cross-encoder" }] } as Manifest;
  const bytes = new Uint8Array(1);
  const never = () => expect.unreachable();
  expect(await requests(choices({ biEncoder: "a/b", crossEncoder: bytes }, page), never)).toMatchObject({ biEncoder: { repo: "a/b" }, crossEncoder: { bytes } });
  const { biEncoder, crossEncoder } = await requests(choices({ crossEncoder: bytes }, page), async () => manifest);
  expect([biEncoder, crossEncoder]).toMatchObject([{ from: "manifest", entry }, { from: "bytes" }]);
  expect(await requests(choices({ biEncoder: null, crossEncoder: bytes }, page), never)).toMatchObject({ biEncoder: null });
  await expect(requests(choices({ biEncoder: "cross" }, page), async () => manifest)).rejects.toThrow(/not a bi-encoder/);
});
