/** The package in programs: Node, LangChain.js, and a Chroma server. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { insistOnBuild, launch, open, repository } from "../../www/e2e/browser";
import { serve } from "../../www/e2e/server";
import { addModels, build, expectLogits, install, logits, node } from "./app";
import { startChroma } from "./chroma";

const models = pathToFileURL(join(repository, "models/")).href;
const examples = join(repository, "examples");

beforeAll(() => insistOnBuild());

describe("in Node", () => {
  let app: string;
  beforeAll(async () => {
    app = await install("node", join(repository, "tests/apps/node"), ["texts.js"]);
  });

  test("everything works, and the program ends by itself", async () => {
    const found = JSON.parse(await node(app, "main.js", { TABRANK_MODELS: models })) as Record<string, unknown>;
    expect(await logits()).toContainEqual(found["logits"]);
    expect(found["searched"]).toEqual(found["logits"]);
    expect(found["length"]).toBeCloseTo(1, 5);
    // The vectors that were given away find what the first ones found, and an evaluator's words are the ranker's.
    expect(found["again"]).toEqual(found["retrieved"]);
    expect((found["words"] as unknown[]).length).toBeGreaterThan(0);
    expect(found["words"]).toEqual(found["bm25"]);
    expect(found["mrr"]).toBe(0.5);
    expect(found).toMatchObject({ device: expect.stringMatching(/^cpu/), cached: false });
  });

  test("models of a server are kept in a folder", async () => {
    const cache = await mkdtemp(join(tmpdir(), "tabrank-cache-"));
    const server = await serve(repository, "/files/");
    const env = { TABRANK_MODELS: new URL("models/", server.url).href, TABRANK_CACHE_DIR: cache };
    try {
      const first = JSON.parse(await node(app, "main.js", { ...env, DISPOSE: "1" })) as Record<string, unknown>;
      // As long as the models take to be written, and not until patience with that has come to an end.
      expect(Date.now() - (first["at"] as number)).toBeLessThan(9000);
      const fetched = () => server.requests.filter((path) => path.endsWith(".gguf")).length;
      expect(fetched()).toBe(2);
      expect((await readdir(join(cache, "tabrank"))).filter((name) => name.endsWith(".bin"))).toHaveLength(3);
      const second = JSON.parse(await node(app, "main.js", env)) as Record<string, unknown>;
      expect(second).toMatchObject({ logits: first["logits"], cached: true });
      expect(fetched()).toBe(2);
    } finally {
      await server.close();
      await rm(cache, { recursive: true });
    }
  });

  test("importing it does nothing", async () => {
    expect(await node(app, "server.js")).toBe("imported\n");
  });
});

test("LangChain.js: a contextual-compression retriever over its vector store", async () => {
  const app = await install("langchain-rag", join(examples, "langchain-rag"));
  const prompt = await node(app, "rag.js", { TABRANK_MODELS: models });
  const found = [...prompt.matchAll(/\[note (\d), logit (-?[\d.]+)\]/g)].map(([, note, logit]) => [Number(note), Number(logit)]);
  expect(found).toHaveLength(2);
  expect(found[0]?.[1]).toBeGreaterThan(found[1]?.[1] as number);
  expect(prompt).toContain("Question: Which vector database does not need a separate server?");
});

test("Chroma: a server retrieves, the tab reranks", async () => {
  const app = await install("chroma", join(examples, "chroma"));
  await build(app);
  await addModels(join(app, "dist"));
  const chroma = await startChroma();
  let browser: Browser | undefined;
  const server = await serve(join(app, "dist"), "/app/", undefined, {
    "Content-Security-Policy": `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' ${chroma.url}`,
  });
  try {
    browser = await launch();
    for (let visit = 0; visit < 2; visit++) {
      const watched = await open(browser, `${server.url}?chroma=${chroma.url}`);
      await expectLogits(watched, /^Chroma found 3 of 3/);
      await watched.close();
    }
  } finally {
    await browser?.close();
    await server.close();
    await chroma.stop();
  }
});

