/**
 * A model that the site doesn't carry comes from the hub: its original files are fetched, verified and converted in the
 * worker. The hub can't be reached from everywhere, so the browser's requests to it are redirected (as the hub itself
 * redirects to its stores) to a local server with the same files.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest, ProgressEvent } from "tabrank";
import { repositoryOf, startHub } from "../../pkg/test/hub-server";
import { FIRST_QUERY } from "../src/state";
import { buildOf, column, insistOnBuild, launch, native, open, repository, shown, site } from "./browser";
import { serve, type Server } from "./server";

const ID = "all-MiniLM-L6-v2";
const origin = join(repository, "models", "origin", ID);
const manifest = JSON.parse(readFileSync(join(repository, "models", "manifest.json"), "utf8")) as Manifest;
const entry = manifest.models.find(({ id }) => id === ID);

let server: Server;
let browser: Browser;

beforeAll(async () => {
  insistOnBuild();
  if (!existsSync(join(origin, "model.safetensors"))) throw new Error(`Missing: ${origin}. Run ./build.sh models first.`);
  server = await serve(site, "/site/", origin);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Redirects requests to the hub to wherever `place` says that a file of this name is, and notes their paths. */
async function hub(page: Page, place: (name: string) => string, asked: string[]): Promise<void> {
  await page.context().route("https://huggingface.co/**", async (route) => {
    const path = new URL(route.request().url()).pathname;
    asked.push(path);
    const Location = place(path.slice(path.lastIndexOf("/") + 1));
    await route.fulfill({ status: 302, headers: { Location, "Access-Control-Allow-Origin": "*" } });
  });
}

describe("a model that the site doesn't carry", () => {
  it("comes from its pinned revision on the hub, and the worker's conversion gives the command line's numbers", async () => {
    server.absent.add(entry?.file ?? "");
    const asked: string[] = [];
    const { page, close } = await open(browser, server.url, {}, (page) => hub(page, (name) => new URL(`/shared/${name}`, server.url).href, asked));
    await shown(page, FIRST_QUERY);
    const { scout } = await native(FIRST_QUERY, 20, 5, await buildOf(page));
    expect(await column(page, "scout")).toEqual(scout);
    const files = entry?.origin?.files.map(({ repo, revision, name }) => `/${repo}/resolve/${revision}/${name}`);
    expect([...asked].sort()).toEqual([...(files ?? [])].sort());
    await close();
  });

  it("is refused where the hub sends other bytes", async () => {
    server.absent.add(entry?.file ?? "");
    const other = new URL("/shared/config.json", server.url).href;
    const { page, close } = await open(browser, server.url, {}, (page) => hub(page, () => other, []));
    await page.locator("#trouble h2").waitFor();
    expect(await page.locator("#trouble").textContent()).toContain("tokenizer.json");
    await close();
  });
});

/** A repository that no manifest knows, of which only the hub says what its files are. */
describe("a repository", () => {
  it("is converted as it arrives, though its connection breaks and the hub is busy, kept, and there without a connection", async () => {
    const read = (name: string) => readFileSync(join(origin, name));
    const weights = read("model.safetensors");
    const hub = await startHub();
    hub.repositories.set("group/name", repositoryOf({ "config.json": read("config.json"), "tokenizer.json": read("tokenizer.json"), "model.safetensors": weights }));
    hub.faults.set("model.safetensors", [{ status: 503 }, { cutAfter: 30_000_000 }, { status: 429, retryAfter: 1 }, { cutAfter: 9_000_000 }]);
    const pages = await serve(repository, "/repository/");
    const { page, close } = await open(browser, `${pages.url}www/e2e/plain.html`);
    await page.waitForFunction(() => "kept" in window);
    /** Vectors of the model in the repository and of the same one of the manifest; the engine's memory; and what was fetched. */
    const load = () =>
      page.evaluate(async (hubUrl) => {
        const { tabrank } = window.kept;
        const events: ProgressEvent[] = [];
        const biEncoder = { repo: "group/name", pooling: "mean", maxTokens: 256 } as const;
        // One build for both: which is chosen hangs on a measurement, and they round differently.
        const options = { biEncoder, hubUrl, modelsUrl: "/repository/models/", workers: 1, device: "cpu", build: "simd128" } as const;
        const cached = await tabrank.isCached({ ...options, crossEncoder: new Uint8Array(1) });
        const theirs = await tabrank.load({ ...options, onProgress: (event) => events.push(event) });
        const ours = await tabrank.load({ ...options, biEncoder: "all-MiniLM-L6-v2" });
        const texts = ["harbour", "a vector database that does not need a separate server"];
        const vectors = await Promise.all([theirs, ours].map((ranker) => ranker.embed(texts, { kind: "query" })));
        const { biEncoder: info, memory } = theirs.info();
        theirs.dispose();
        ours.dispose();
        return { cached, vectors: vectors.map((two) => two.map((vector) => [...vector])), id: info?.id, memory, events };
      }, hub.url.href);
    const first = await load();
    expect(first.vectors[0]).toEqual(first.vectors[1]);
    expect(first).toMatchObject({ id: "group/name", cached: false });
    const loaded = first.events.filter(({ file, status }) => file === "model.safetensors" && status === "progress").map(({ loaded }) => loaded ?? 0);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(loaded.at(-1)).toBe(weights.length);
    // Both models and what became of the weights: the weights themselves alone would be 91 MB more.
    expect(first.memory).toBeLessThan(150e6);
    // They are written once they are in use, and go on being so for a moment after their rankers are disposed of.
    const kept = () =>
      page.evaluate(async (hubUrl) => {
        const options = { hubUrl, modelsUrl: "/repository/models/" };
        const pairs = [{ ...options, biEncoder: { repo: "group/name", pooling: "mean", maxTokens: 256 } as const }, { ...options, biEncoder: "all-MiniLM-L6-v2" }];
        return Promise.all(pairs.map((pair) => window.kept.tabrank.isCached(pair)));
      }, hub.url.href);
    await expect.poll(kept).toEqual([true, true]);
    await hub.close();
    await page.route("**/models/**", (route) => route.abort());
    const second = await load();
    expect(second).toMatchObject({ cached: true, vectors: first.vectors });
    await close();
    await pages.close();
  });
});
