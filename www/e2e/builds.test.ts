/** The builds of the engine in a page of somebody else's: which is fetched, and what each computes. */

import { describe, expect, it } from "vitest";
import type { Build, Info } from "tabrank";
import { FIRST_QUERY } from "../src/state";
import { native } from "./browser";
import { elsewhere } from "./elsewhere";

const FILES: Readonly<Record<Build, string>> = { simd128: "tabrank_bg.wasm", "relaxed-simd": "tabrank_relaxed_bg.wasm" };

/** The policy of that page allows what is compiled to find out which build is the quicker one. */
const here = elsewhere();

/** Loads the models, with the corpus as documents, in two workers. */
function load(build: Build | "auto" | undefined): Promise<Info> {
  return here.watched.page.evaluate(async (build) => {
    const at = (path: string) => new URL(`/repository/${path}`, location.href);
    const { tabrank } = window.kept;
    const ranker = await tabrank.load({ ...(build && { build }), workers: 2, modelsUrl: at("models/"), scoreCache: 0 });
    window.kept = { ...window.kept, ranker };
    const lines = (await (await fetch(at("corpus/passages.jsonl"))).text()).trim().split("\n");
    const prebuilt = await (await fetch(at("models/index.safetensors"))).arrayBuffer();
    await ranker.index(lines.map((line) => JSON.parse(line) as { id: string; text: string }), { prebuilt });
    return ranker.info();
  }, build);
}

const engines = () => here.server.requests.filter((path) => path.endsWith(".wasm")).map((path) => path.slice(path.lastIndexOf("/") + 1));

describe("the build that is chosen", () => {
  it.each(["auto", undefined] as const)("is the only one that is fetched, with the option %s", async (option) => {
    const { build, device } = await load(option);
    expect(engines()).toEqual([FILES[build]]);
    expect(device).toContain(build);
    expect(here.watched.complaints).toEqual([]);
  });

  it("is refused where another one lies at wasmUrl", async () => {
    const message = await here.watched.page.evaluate(async (file) => {
      const at = (path: string) => new URL(`/repository/${path}`, location.href);
      const loading = window.kept.tabrank.load({ modelsUrl: at("models/"), wasmUrl: at(`pkg/wasm/${file}`) });
      return loading.then(String, (error: Error) => `${error.name}: ${error.message}`);
    }, FILES["relaxed-simd"]);
    expect(message).toMatch(/^EngineUnavailableError: .*tabrank_relaxed_bg\.wasm could not be started.*of this version and build/);
  });
});

describe("each build", () => {
  const judged = new Map<Build, Map<string, number>>();

  it.each(["simd128", "relaxed-simd"] as const)("%s: the command line's numbers to the bit", async (build) => {
    expect(await load(build)).toMatchObject({ build, device: expect.stringContaining(build) });
    expect(engines()).toEqual([FILES[build]]);
    const found = await here.watched.page.evaluate((query) => window.kept.ranker.search(query, { pool: 50, topK: 50 }), FIRST_QUERY);
    const expected = await native(FIRST_QUERY, 50, 50, build);
    expect(found.retrieved.map(({ id, cosine }) => ({ id, score: cosine }))).toEqual(expected.scout);
    expect(found.reranked.map(({ id, logit }) => ({ id, score: logit }))).toEqual(expected.judge);
    judged.set(build, new Map(found.reranked.map(({ id, logit }) => [id, logit])));
    expect(here.watched.complaints).toEqual([]);
  });

  it("rounds in its own way, within 0.05 of the other", () => {
    const [one, other] = [judged.get("simd128"), judged.get("relaxed-simd")];
    const both = [...(one ?? [])].flatMap(([id, logit]) => (other?.has(id) ? [Math.abs(logit - (other.get(id) ?? NaN))] : []));
    expect(both.length).toBeGreaterThan(40);
    expect(Math.max(...both)).toBeLessThan(0.05);
    expect(Math.max(...both)).toBeGreaterThan(0);
  });
});
