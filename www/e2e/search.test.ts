/** What the page finds, held against the command line, and what it says of it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Corpus, parseJsonLines, type LabelledQuery, type Passage } from "../src/corpus";
import { markOf } from "../src/labels";
import { FIRST_QUERY } from "../src/state";
import { verdictOn } from "../src/verdict";
import { buildOf, column, native, repository, shown, site, stoppable, type Watched } from "./browser";
import { served } from "./here";

const corpusFile = (name: string): string => readFileSync(join(repository, "corpus", name), "utf8");

const here = served();
const corpus = new Corpus(
  parseJsonLines<Passage>(corpusFile("passages.jsonl"), "passages.jsonl"),
  parseJsonLines<LabelledQuery>(corpusFile("queries.jsonl"), "queries.jsonl"),
);

/** Nothing was complained of, and nothing was asked of anyone but this server, below its folder. */
function expectQuiet({ complaints, requests }: Watched): void {
  expect(complaints).toEqual([]);
  const folder = new URL(here.server.url);
  expect(requests.filter((address) => !address.startsWith(folder.href))).toEqual([]);
  expect(here.server.requests.filter((path) => !path.startsWith(folder.pathname))).toEqual([]);
}

describe("the trap that opens the page", () => {
  it("is fallen into by the bi-encoder and corrected by the cross-encoder, as the labels and the command line have it", async () => {
    const watched = await here.open();
    const { page } = watched;
    await shown(page, FIRST_QUERY);
    const expected = await native(FIRST_QUERY, 20, 5, await buildOf(page));
    expect(await column(page, "scout")).toEqual(expected.scout);
    expect(await column(page, "judge")).toEqual(expected.judge);

    const query = corpus.labelled(FIRST_QUERY);
    if (query === undefined) throw new Error("the opening question is not labelled");
    expect(markOf(query, expected.scout[0]?.id ?? "")).toBe("near-miss");
    const verdict = verdictOn(query, { retrieved: expected.scout, reranked: expected.judge }, corpus.title);
    expect(await page.locator("#verdict .finding").textContent()).toBe(verdict?.text);
    expect(verdict?.outcome).toBe("corrected");
    expect(verdict?.text).toContain("The bi-encoder falls into the trap");
    expect(await page.locator("#verdict").getAttribute("data-outcome")).toBe(verdict?.outcome);
    expect(await page.locator("#status").textContent()).toContain(verdict?.text);
    expect(await page.locator("#engine").textContent()).toMatch(/^Ran on \d+ workers?, cpu/);
    expectQuiet(watched);
    await watched.close();
  });

  it("gives way to any other trap with one click in the list", async () => {
    const watched = await here.open();
    const { page } = watched;
    await shown(page, FIRST_QUERY);
    const other = "shark species that never lay eggs";
    await page.locator(".shelf-traps button", { hasText: other }).click();
    await shown(page, other);
    expect(await page.locator(".shelf-traps button[aria-current]").textContent()).toBe(other);
    expectQuiet(watched);
    await watched.close();
  });

  it("turns into its twin with one click, and back with the browser's back", async () => {
    const watched = await here.open();
    const { page } = watched;
    await shown(page, FIRST_QUERY);
    const query = corpus.labelled(FIRST_QUERY);
    const twin = query === undefined ? undefined : corpus.pairOf(query)?.twin;
    if (twin === undefined) throw new Error("the opening question has no twin");
    await page.locator("#twins button", { hasText: "Twin" }).click();
    await shown(page, twin.text);
    expect(await page.locator("#query").inputValue()).toBe(twin.text);
    const expected = await native(twin.text, 20, 5, await buildOf(page));
    expect(await column(page, "judge")).toEqual(expected.judge);
    expect(new URL(page.url()).searchParams.get("q")).toBe(twin.text);
    await page.goBack();
    await shown(page, FIRST_QUERY);
    expectQuiet(watched);
    await watched.close();
  });
});

describe("a trap that the cross-encoder may not correct", () => {
  it("is shown as it goes, right or wrong", async () => {
    const question = "a vector database that does not need a separate server to run";
    const watched = await here.open(`?q=${encodeURIComponent(question)}`);
    const { page } = watched;
    await shown(page, question);
    const expected = await native(question, 20, 5, await buildOf(page));
    expect(await column(page, "judge")).toEqual(expected.judge);
    const query = corpus.labelled(question);
    if (query === undefined) throw new Error("the question is not labelled");
    const verdict = verdictOn(query, { retrieved: expected.scout, reranked: expected.judge }, corpus.title);
    expect(await page.locator("#verdict .finding").textContent()).toBe(verdict?.text);
    expectQuiet(watched);
    await watched.close();
  });
});

describe("pool and top-k", () => {
  it("shows the recall ceiling with a pool of 1, and known ranks once a larger pool was seen", async () => {
    const watched = await here.open(`?q=${encodeURIComponent(FIRST_QUERY)}&pool=1`);
    const { page } = watched;
    await shown(page, FIRST_QUERY);
    expect(await column(page, "judge")).toHaveLength(1);
    const ceiling = page.locator("#verdict .ceiling");
    expect(await ceiling.textContent()).toContain("outside the pool of 1; no reranker can bring them back");
    expect(await ceiling.textContent()).not.toContain("in the first stage");
    expect(await page.locator("#verdict .finding").textContent()).toContain("no passage that answers is in the pool");

    const query = corpus.labelled(FIRST_QUERY);
    if (query === undefined) throw new Error("the opening question is not labelled");
    const { scout } = await native(FIRST_QUERY, 50, 1, await buildOf(page));
    const rank = scout.findIndex(({ id }) => markOf(query, id) === "answers") + 1;
    await page.locator("#pool").fill("50");
    await page.waitForFunction(() => document.querySelectorAll("#scout [data-id]").length === 50);
    await page.locator("#pool").fill("1");
    await page.waitForFunction(() => document.querySelectorAll("#scout [data-id]").length === 1);
    expect(await ceiling.textContent()).toContain(`(rank ${rank} in the first stage)`);
    expectQuiet(watched);
    await watched.close();
  });

  it("follows the address, and keeps it up to date", async () => {
    const watched = await here.open("?q=sharks&pool=7&k=3");
    const { page } = watched;
    await shown(page, "sharks");
    expect(await column(page, "scout")).toHaveLength(7);
    expect(await column(page, "judge")).toHaveLength(3);
    expect(await page.locator("#verdict").textContent()).toContain("Nobody has labelled this question");
    await page.locator("#top-k").fill("6");
    expect(await column(page, "judge")).toHaveLength(6);
    expect(page.url()).toContain("k=6");
    expectQuiet(watched);
    await watched.close();
  });
});

describe("models", () => {
  it("keeps the previous models where others can't be had", async () => {
    const watched = await here.open();
    const { page } = watched;
    await shown(page, FIRST_QUERY);
    const manifest = JSON.parse(readFileSync(join(site, "models/manifest.json"), "utf8")) as {
      models: { id: string; role: string; origin?: { files: { sha256: string | null }[] }; sha256: string | null }[];
    };
    const unreachable = manifest.models.find(
      ({ role, sha256, origin }) =>
        role === "cross-encoder" && sha256 === null && origin?.files.some((file) => file.sha256 === null),
    );
    if (unreachable === undefined) throw new Error("every cross-encoder of the manifest can be had");
    const before = await page.locator("#cross-encoder").inputValue();
    await page.locator("#cross-encoder").selectOption(unreachable.id);
    await page.locator("#trouble h2").waitFor();
    expect(await page.locator("#trouble").textContent()).toContain(unreachable.id);
    expect(await page.locator("#trouble").textContent()).toContain("The models from before go on working");
    expect(await page.locator("#cross-encoder").inputValue()).toBe(before);
    await page.locator("#query").fill("shark species that do lay eggs");
    await page.locator("#go").click();
    await shown(page, "shark species that do lay eggs");
    await watched.close();
  });

  it("says how far it is while they load, and takes a question meanwhile", async () => {
    const release = here.hold("all-MiniLM-L6-v2-Q8_0.gguf");
    const watched = await here.open();
    const { page } = watched;
    await page.locator("#loading progress").first().waitFor();
    await page.locator("#query").fill("houseplants that are toxic to cats");
    await page.locator("#query").press("Enter");
    expect(await page.locator("#status").textContent()).toContain("still on their way");
    release();
    await shown(page, "houseplants that are toxic to cats");
    expect(await page.locator("#loading").isVisible()).toBe(false);
    here.server.held.clear();
    expectQuiet(watched);
    await watched.close();
  });
});

describe("Stop", () => {
  it("ends a search at once and leaves the question where it was", async () => {
    const watched = await here.open(`?q=${encodeURIComponent(FIRST_QUERY)}&pool=50`);
    const { page } = watched;
    await stoppable(page);
    await page.locator("#stop").click();
    await page.locator("#go").waitFor();
    expect(await page.locator("#status").textContent()).toContain("Stopped");
    expect(await page.locator("#query").inputValue()).toBe(FIRST_QUERY);
    expect(await column(page, "judge")).toHaveLength(0);
    await page.locator("#go").click();
    await shown(page, FIRST_QUERY);
    expectQuiet(watched);
    await watched.close();
  });
});
