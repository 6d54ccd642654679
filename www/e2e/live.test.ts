/** What each lesson computes: exhibits that run by themselves find what was recorded, and long ones begin when asked to and stop when told to. */

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { COMPUTED_HERE, live, mark } from "./exhibits";
import { served } from "./here";

const here = served();

/** What an exhibit says and shows, but for its controls and how it was made. */
const found = async (page: Page, number: number): Promise<string> =>
  (await page.locator(`figure[data-exhibit="${number}"] .drawing, figure[data-exhibit="${number}"] .finding`).allInnerTexts()).join("\n");

describe("an exhibit that runs by itself", () => {
  it.each([
    ["the-pool", 1],
    ["better-first-stages", 1],
    ["better-first-stages", 3],
    ["logits", 2],
  ])("finds what was recorded: %s, %i", async (lesson, number) => {
    // Neither engine nor models, until the recorded run has been read.
    const release = here.hold(".gguf", ".wasm");
    const { page, complaints, close } = await here.open(`?lesson=${lesson}`);
    await page.locator(`figure[data-exhibit="${number}"] .drawing > *`).first().waitFor();
    expect(await mark(page, number).textContent()).toContain("Recorded on");
    const recorded = await found(page, number);
    expect(recorded.length).toBeGreaterThan(50);
    release();
    const said = await live(page, number);
    expect(said).toMatch(COMPUTED_HERE);
    // The builds round differently; runs are recorded with simd128.
    if (said.includes("simd128")) expect(await found(page, number)).toBe(recorded);
    else expect((await found(page, number)).length).toBeGreaterThan(50);
    expect(complaints).toEqual([]);
    await close();
  });

  it("measures what reading costs here, and plans with that", async () => {
    const { page, complaints, close } = await here.open("?lesson=scout-and-judge");
    for (const number of [1, 2]) expect(await live(page, number)).toMatch(/^Computed in this tab, just now/);
    expect(await found(page, 1)).toMatch(/with \d workers?, reading one pair takes [\d.]+ m?s if the passage has 60 words: as long as comparing a question with [\d,]+ vectors/);
    expect(await found(page, 2)).toMatch(/1 million documents: making all vectors takes [\d.]+ (min|h|days?), once[^]*Within 1 s, /);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("an exhibit that takes minutes", () => {
  it.each([
    ["the-trap", 2],
    ["the-pool", 2],
    ["better-first-stages", 2],
    ["logits", 1],
    ["when-not-to-rerank", 1],
  ])("begins when asked to, and stops when told to: %s, %i", async (lesson, number) => {
    const { page, complaints, close } = await here.open(`?lesson=${lesson}`);
    const figure = page.locator(`figure[data-exhibit="${number}"]`);
    await page.waitForSelector(`figure[data-exhibit="${number}"][data-progress=offered]`, { timeout: 90_000 });
    const recorded = await found(page, number);
    await figure.locator("button", { hasText: "Run it here" }).click();
    await figure.getByText(/ [1-9]\d* of \d[\d,]*\./).waitFor({ timeout: 60_000 });
    await figure.locator("button", { hasText: "Stop" }).click();
    await page.waitForSelector(`figure[data-exhibit="${number}"][data-progress=stopped]`);
    expect(await found(page, number)).toBe(recorded);
    expect(complaints).toEqual([]);
    await close();
  });
});
