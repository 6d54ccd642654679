/** The bench's labels and measurements on a library of the reader's own, and comparisons of set-ups. */

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { FIRST_QUERY } from "../src/state";
import { overflow, violations } from "./audit";
import { native, repository } from "./browser";
import { served } from "./here";

const here = served();

/** A shelf of the project's own library, as somebody's file. */
const shelf = readFileSync(`${repository}corpus/passages.jsonl`, "utf8")
  .split("\n")
  .filter((line) => line.includes('"shelf": "vector-stores"'))
  .slice(0, 16);
const ids = shelf.map((line) => (JSON.parse(line) as { id: string }).id);

/** Makes the file a library that is searched; gives its id. */
async function makeLibrary(page: Page): Promise<string> {
  await page.locator("#pick").setInputFiles({ name: "stores.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(`${shelf.join("\n")}\n`) });
  await page.getByRole("button", { name: "Make it searchable" }).click();
  await page.waitForFunction(() => new URLSearchParams(location.search).has("corpus"), undefined, { timeout: 100_000 });
  return new URL(page.url()).searchParams.get("corpus") ?? "";
}

/** Asks a question, and waits for its candidates. */
async function ask(page: Page, question: string): Promise<void> {
  await page.locator("#bench-question").fill(question);
  await page.locator("#bench-question").press("Enter");
  await page.waitForFunction((asked) => document.querySelector(".candidates-summary")?.textContent?.includes("candidates") === true && new URLSearchParams(location.search).get("q") === asked, question, { timeout: 60_000 });
  await page.locator(".labelling .go.stop").waitFor({ state: "hidden" });
}

const summary = (page: Page) => page.locator(".candidates-summary").textContent();
const labels = (page: Page) => page.locator(".candidates > li").evaluateAll((items) => items.map((item) => [item.getAttribute("data-id"), item.getAttribute("data-label")]));

/** What is saved when a button is pressed. */
async function saved(page: Page, part: "labels" | "measurements", button: string): Promise<string> {
  const scope = page.locator(part === "labels" ? ".label-files" : "[aria-labelledby=bench-measure]");
  const [download] = await Promise.all([page.waitForEvent("download"), scope.getByRole("button", { name: button, exact: true }).click()]);
  return readFileSync((await download.path()) ?? "", "utf8");
}

/** Nothing is wrong for axe, nor too wide, in a window and on a narrow screen. */
async function expectRight(page: Page): Promise<void> {
  const wide = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const size of [wide, { width: 360, height: 800 }]) {
    await page.setViewportSize(size);
    // Charts are drawn anew.
    await page.waitForTimeout(300);
    expect(await violations(page), `${size.width} px`).toEqual([]);
    expect(await overflow(page), `${size.width} px`).toBe(0);
  }
  await page.setViewportSize(wide);
}

describe("your queries", () => {
  it("are labelled by keys and clicks, kept, exported, imported and measured", async () => {
    const { page, complaints, close } = await here.open("?bench=corpus&device=cpu", { bypassCSP: true });
    const id = await makeLibrary(page);
    await page.getByRole("link", { name: "Your queries" }).click();
    await page.waitForFunction(() => document.querySelector(".label-counts")?.textContent?.includes("No question has been labelled yet") === true);
    await expect.poll(() => page.getByRole("button", { name: "Measure", exact: true }).isDisabled()).toBe(true);

    await ask(page, "a vector store that runs without a server");
    const found = await labels(page);
    expect(found.length).toBeGreaterThanOrEqual(10);
    for (const [passage] of found) expect(ids).toContain(passage);
    expect(await summary(page)).toBe(`0 of ${found.length} candidates labelled, ${found.length} missing.`);
    // A key labels, and goes on to the next; a click labels as well; Backspace takes back.
    await page.locator(".candidates > li").first().locator("input").first().focus();
    await page.keyboard.press("3");
    await page.keyboard.press("1");
    await page.keyboard.press("0");
    await page.locator(".candidates > li").nth(3).locator('label[data-grade="3"]').click();
    await page.keyboard.press("Backspace");
    await page.locator(".candidates > li").nth(4).locator('label[data-grade="2"]').click();
    const given = found.map(([passage, label], i) => [passage, { 0: "answers fully", 1: "near miss", 2: "off", 4: "answers" }[i] ?? label]);
    await expect.poll(() => labels(page)).toEqual(given);
    expect(await summary(page)).toContain(`4 of ${found.length} candidates labelled`);
    await expectRight(page);

    // It is a link, and it is kept.
    await page.waitForTimeout(500);
    await page.reload();
    await page.locator(".candidates > li").first().waitFor({ timeout: 60_000 });
    expect(await labels(page)).toEqual(given);
    await ask(page, "store that holds vectors on disk");
    await page.locator(".candidates > li").first().locator('label[data-grade="3"]').click();
    await expect.poll(() => page.locator(".label-counts").textContent()).toContain("2 questions, 5 labels: 3 answer");

    const lines = (await saved(page, "labels", "Save as JSON Lines")).trimEnd().split("\n").map((line) => JSON.parse(line) as { text: string; grades: Record<string, number> });
    expect(lines.map(({ text, grades }) => [text, Object.keys(grades).length])).toEqual([
      ["a vector store that runs without a server", 4],
      ["store that holds vectors on disk", 1],
    ]);
    expect((await saved(page, "labels", "Save as CSV")).split("\n")).toHaveLength(5 + 2);

    // A broken file is named, and changes nothing.
    const put = (text: string) => page.locator("#bench-labels-file").setInputFiles({ name: "mine.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(text) });
    const note = page.locator(".label-files + .note");
    await put('{"id": "x", "text": "t", "grades": {"');
    await expect.poll(() => note.textContent()).toMatch(/not imported: mine\.jsonl, line 1: /);
    await put(JSON.stringify({ id: "q1", text: "quantized vectors", grades: { [ids[2] ?? ""]: 2, elsewhere: 3 } }));
    await expect.poll(() => note.textContent()).toBe("1 question taken from mine.jsonl. 1 label of passages that this library doesn’t have was left out.");
    await expect.poll(() => page.locator(".label-counts").textContent()).toContain("3 questions, 6 labels");

    // Measured with two pools, two first stages and two cross-encoders.
    for (const [name, value] of [["Pools", "20"], ["First stages", "bm25"], ["Cross-encoders", "tabrank-minilm-l3"]] as const) await page.locator(`label:has(input[name="bench-${name}"][value="${value}"])`).click();
    expect(new URL(page.url()).searchParams.get("pools")).toBe("5,10");
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await expect.poll(() => page.locator(".run-line .steps").textContent(), { timeout: 100_000 }).toBe("Done.");
    const rows = await page.locator(".sweep > .numbers tbody tr").evaluateAll((trs) => trs.map((tr) => [...tr.children].map((cell) => cell.textContent ?? "")));
    expect(rows.map(([name, pool, questions]) => [name, pool, questions])).toEqual([
      ["dense alone", "–", "3"],
      ["dense, tabrank-minilm-l6", "5", "3"],
      ["dense, tabrank-minilm-l6", "10", "3"],
      ["dense, tabrank-minilm-l3", "5", "3"],
      ["dense, tabrank-minilm-l3", "10", "3"],
      ["BM25 alone", "–", "3"],
      ["BM25, tabrank-minilm-l6", "5", "3"],
      ["BM25, tabrank-minilm-l6", "10", "3"],
      ["BM25, tabrank-minilm-l3", "5", "3"],
      ["BM25, tabrank-minilm-l3", "10", "3"],
    ]);
    expect(await page.locator(".sweep .finding").textContent()).toMatch(/^(It helps|It hurts|No difference shown)\. Over 3 questions with a pool of 10, nDCG@10 goes from/);
    expect(await page.locator(".sweep-charts svg[role=img]").count()).toBe(2);
    const json = JSON.parse(await saved(page, "measurements", "Save as JSON")) as { corpus: string; rows: { metrics: Record<string, number> }[] };
    expect([json.corpus, json.rows.length]).toEqual([id, 10]);
    expect(rows.map((cells) => cells[7])).toEqual(json.rows.map(({ metrics }) => (metrics["ndcg@10"] ?? -1).toFixed(3)));
    expect((await saved(page, "measurements", "Save as CSV")).trimEnd().split("\n")).toHaveLength(11);
    await expectRight(page);

    // A label more, and the measurement says that it is of the labels before; nothing has to be read again.
    const stale = page.getByText("The labels have changed since this was measured.", { exact: false });
    expect(await stale.isVisible()).toBe(false);
    await page.locator(".candidates > li").nth(1).locator('label[data-grade="2"]').click();
    await stale.waitFor();
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await stale.waitFor({ state: "hidden", timeout: 10_000 });
    expect(complaints).toEqual([]);
    await close();
  });

  it("of this page's library can be looked at and measured, but not changed; Stop keeps what is done", async () => {
    const { page, complaints, close } = await here.open(`?bench=queries&pools=5&device=cpu&q=${encodeURIComponent(FIRST_QUERY)}%20`);
    await page.locator(".candidates > li").first().waitFor({ timeout: 60_000 });
    expect(await page.locator(".candidates input:not(:disabled)").count()).toBe(0);
    expect(await page.locator(".label-counts").textContent()).toContain("192 questions");
    await page.getByRole("button", { name: "Measure", exact: true }).click();
    await page.waitForFunction(() => / reads\. (?!0 )\d+ of/.test(document.querySelector(".run-line .steps")?.textContent ?? ""), undefined, { timeout: 60_000 });
    await page.waitForTimeout(1500);
    await page.locator(".run-line .stop").click();
    await expect.poll(() => page.locator(".run-line .steps").textContent()).toContain("Stopped. What was read is kept");
    const rows = await page.locator(".sweep > .numbers tbody tr").evaluateAll((trs) => trs.map((tr) => [...tr.children].slice(0, 3).map((cell) => cell.textContent)));
    expect(rows.map(([name, pool]) => [name, pool])).toEqual([["dense alone", "–"], ["dense alone", "–"], ["dense, tabrank-minilm-l6", "5"]]);
    const [all, some, read] = rows.map(([, , questions]) => Number(questions));
    expect([all, read]).toEqual([192, some]);
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(192);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("compare", () => {
  it("gives one worker's logits to the bit with two, another model's beside them, says why a device isn't there, and ends its rankers", async () => {
    const set = ["cpu,1,,", "cpu,2,,", "webgpu,1,,", "cpu,1,tabrank-minilm-l3,"].map((one) => `set=${one}`).join("&");
    const { page, complaints, close } = await here.open(`?bench=compare&build=simd128&pool=5&device=cpu&${set}`, { bypassCSP: true });
    await page.getByRole("button", { name: "Compare", exact: true }).click({ timeout: 60_000 });
    await expect.poll(() => page.locator(".run-line .steps").textContent(), { timeout: 100_000 }).toContain("Done:");
    const row = async (name: string) => page.locator(".compare-part tbody tr").filter({ hasText: name }).locator("td").allTextContents();
    expect(await row("Largest difference of logits from A")).toEqual(["–", "none in 5 pairs, to the bit", "–", "another model"]);
    expect(await row("Kendall’s tau with A")).toEqual(["–", "1.000", "–", expect.stringMatching(/^−?[01]\.\d{3}$/)]);
    expect((await row("State"))[2]).toMatch(/^not here: .+/);
    const times = (await row("A whole search")).slice(0, 2);
    for (const time of times) expect(time).toMatch(/^[\d.,]+ (ms|s) \([\d.,]+ (ms|s)\)$/);
    const { judge } = await native(FIRST_QUERY, 5, 5, "simd128");
    for (const column of [1, 2]) {
      const cells = page.locator(`.compare-part .numbers tbody tr > td[data-id]:nth-child(${column + 1})`);
      const found = await cells.evaluateAll((tds) => tds.map((td) => ({ id: td.getAttribute("data-id"), score: Number(td.getAttribute("data-exact")) })));
      expect(found).toEqual(judge);
    }
    // Those that were compared are ended: what is left are the workers of the models in use.
    await expect.poll(() => page.workers().length).toBeLessThanOrEqual(4);
    await expectRight(page);
    expect(complaints).toEqual([]);
    await close();
  });
});
