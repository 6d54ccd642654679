/** Lessons: recorded runs first and live ones after them, states as links, and how they are read, heard and printed. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { TrapData } from "../src/lessons/exhibits/trap";
import type { WordsData } from "../src/lessons/exhibits/words";
import { FIRST_QUERY } from "../src/state";
import { overflow, violations } from "./audit";
import { open, repository, shown } from "./browser";
import { COMPUTED_HERE, live, mark } from "./exhibits";
import { served } from "./here";

const recorded = (name: string): { made: string; data: unknown } =>
  JSON.parse(readFileSync(join(repository, "www/lessons/recorded", `${name}.json`), "utf8")) as { made: string; data: unknown };

const here = served();

/** Unrounded numbers as they stand in the document. */
const exact = (page: Page, selector: string): Promise<number[]> =>
  page.locator(`${selector}[data-exact]`).evaluateAll((items) => items.map((item) => Number(item.getAttribute("data-exact"))));

/** The builds round differently, each in the same way everywhere; runs are recorded with simd128. */
function expectAsRecorded(found: readonly number[], expected: readonly number[], mark: string): void {
  expect(mark).toMatch(COMPUTED_HERE);
  expect(found.length).toBe(expected.length);
  if (mark.includes("simd128")) expect(found).toEqual(expected);
  else found.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThan(0.1));
}

const trapNumbers = ({ passages }: TrapData): number[] =>
  passages.flatMap(({ cosines, logits }) => [cosines[0], logits[0], cosines[1], logits[1]]);

describe("lesson 1", () => {
  it("shows the recorded run at once, and the reader's own as soon as the models are here: the same numbers", async () => {
    const release = here.hold(".gguf", ".wasm");
    const { page, complaints, close } = await here.open("?lesson=the-trap");
    const run = recorded("the-trap.1");
    await page.locator("figure[data-exhibit='1'] svg").first().waitFor();
    expect(await page.title()).toBe("The trap – tabrank");
    expect(await mark(page).textContent()).toMatch(`Recorded on ${run.made} with all-MiniLM-L6-v2 and tabrank-minilm-l6`);
    expect(await mark(page).textContent()).toContain("Your own run follows as soon as the models are here.");
    expect(await exact(page, "figure[data-exhibit='1'] td")).toEqual(trapNumbers(run.data as TrapData));
    expect(await page.locator("#search-view").isVisible()).toBe(false);
    release();
    const said = await live(page);
    expectAsRecorded(await exact(page, "figure[data-exhibit='1'] td"), trapNumbers(run.data as TrapData), said);
    expect(complaints).toEqual([]);
    await close();
  });

  it("moves the dots when the word is left out, keeps that in its address, and takes it from there", async () => {
    const { page, complaints, close } = await here.open("?lesson=the-trap");
    await live(page);
    const figure = page.locator("figure[data-exhibit='1']");
    const dots = () => figure.locator("circle.now").evaluateAll((circles) => circles.map((circle) => Math.round(circle.getBoundingClientRect().x)));
    const before = await dots();
    await figure.locator(".twins button").nth(1).click();
    expect(new URL(page.url()).searchParams.get("x1.word")).toBe("no");
    await page.waitForTimeout(1000);
    const after = await dots();
    expect(after).toHaveLength(10);
    after.forEach((x, i) => expect(x).toBeGreaterThan((before[i] ?? 0) + 50));
    // Nothing had to be computed for that.
    expect(await figure.getAttribute("data-progress")).toBe("done");
    await page.reload();
    await figure.locator(".twins button[aria-pressed=true]").filter({ hasText: "needs" }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it("compares a pair of the reader's own, and shares it", async () => {
    const { page, complaints, close } = await here.open("?lesson=the-trap");
    await live(page);
    const figure = page.locator("figure[data-exhibit='1']");
    await figure.locator("summary", { hasText: "own pair" }).click();
    await figure.locator("#x1-with").fill("keyboard instruments without strings");
    await figure.locator("#x1-without").fill("keyboard instruments with strings");
    await figure.locator("#x1-without").press("Enter");
    await page.waitForFunction(() => document.querySelector("figure .finding")?.textContent?.includes("that answer"));
    await live(page);
    const rows = await figure.locator("tbody th").allTextContents();
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(await mark(page).textContent()).toContain("Computed in this tab");
    const other = await open(here.browser, page.url());
    await live(other.page);
    expect(await other.page.locator("figure[data-exhibit='1'] tbody th").allTextContents()).toEqual(rows);
    await other.close();
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("lesson 2", () => {
  const numbers = ({ query, passage }: WordsData): number[] =>
    (["cosine", "logit"] as const).flatMap((score) => [...query, ...passage].flatMap((word) => word[score] ?? []));

  it("shows the recorded run, then the same numbers computed here", async () => {
    const release = here.hold(".gguf");
    const { page, complaints, close } = await here.open("?lesson=why");
    const run = recorded("why.1").data as WordsData;
    await page.locator(".marked .word").first().waitFor();
    expect(await mark(page).textContent()).toContain("Recorded on");
    expect(await exact(page, ".marked .word")).toEqual(numbers(run));
    release();
    const said = await live(page);
    expectAsRecorded(await exact(page, ".marked .word"), numbers(run), said);
    expect(complaints).toEqual([]);
    await close();
  });

  it("takes question and passage from its address, and says what a word does by keyboard and by pointer", async () => {
    const { page, complaints, close } = await here.open("?lesson=why&x1.q=has+no+reed&x1.t=A+flute+needs+no+reed.");
    expect(await live(page)).toContain("Computed in this tab");
    expect(await page.locator("#x1-query").inputValue()).toBe("has no reed");
    expect(await page.locator("#x1-text").inputValue()).toBe("A flute needs no reed.");
    expect(await page.locator(".cosine .marked").nth(1).textContent()).toBe("A flute needs no reed.");
    await page.locator(".logit .marked").nth(1).locator(".word").first().focus();
    await page.keyboard.press("End");
    expect(await page.locator(".word-readout").textContent()).toMatch(/^“reed” in the passage: cosine [+−]?\d\.\d{3}, logit [+−]?\d+\.\d\d\.$/);
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator(".word-readout").textContent()).toMatch(/^“no” in the passage/);
    // Lit in both panels.
    expect(await page.locator(".word.lit").allTextContents()).toEqual(["no", "no"]);
    await page.locator("#x1-passage").selectOption("music-03");
    await page.locator(".cosine .marked", { hasText: "The oboe is a woodwind" }).waitFor({ timeout: 60_000 });
    await live(page);
    expect(new URL(page.url()).searchParams.get("x1.p")).toBe("music-03");
    expect(new URL(page.url()).searchParams.has("x1.t")).toBe(false);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("lesson 6", () => {
  // A whole run takes minutes.
  it("shows the recorded cascade, begins another when asked to, and stops when told to", async () => {
    const { page, complaints, close } = await here.open("?lesson=cascades");
    const figure = page.locator("figure[data-exhibit='1']");
    await page.waitForSelector("figure[data-progress=offered] .drawing svg", { timeout: 90_000 });
    expect(await mark(page).textContent()).toContain("Recorded on");
    expect(await figure.locator(".finding").first().textContent()).toContain("The cascade, tabrank-minilm-l3 on 100 and then tabrank-minilm-l6 on 20, has 0.");
    await page.locator("#x1-every").selectOption("4");
    await figure.locator("button", { hasText: "Run it here" }).click();
    await figure.getByText(/ [1-9]\d* of \d{4}\./).waitFor({ timeout: 60_000 });
    await figure.locator("button", { hasText: "Stop" }).click();
    await page.waitForSelector("figure[data-progress=stopped]");
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("a link below an exhibit", () => {
  it("sets the exhibit, and brings it into sight", async () => {
    const { page, complaints, close } = await here.open("?lesson=why", { reducedMotion: "reduce" });
    await page.locator(".marked .word").first().waitFor();
    await page.locator(".lesson a", { hasText: "about the oboe" }).click();
    await page.locator(".cosine .marked", { hasText: "The oboe is a woodwind" }).waitFor({ timeout: 60_000 });
    expect(new URL(page.url()).searchParams.get("x1.p")).toBe("music-03");
    expect(await page.locator("#x1-passage").inputValue()).toBe("music-03");
    const top = await page.locator("figure.exhibit").evaluate((figure) => figure.getBoundingClientRect().top);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(100);
    await page.goBack();
    await page.locator(".cosine .marked", { hasText: "The concert flute" }).waitFor({ timeout: 60_000 });
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("the views", () => {
  it("share the models, and follow links, back and forward", async () => {
    const { page, complaints, close } = await here.open();
    await shown(page, FIRST_QUERY);
    await page.locator(".views a", { hasText: "Lessons" }).click();
    await page.locator("h1", { hasText: "Lessons" }).waitFor();
    expect(page.url()).toContain("?lessons");
    expect(await page.title()).toBe("Lessons – tabrank");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Lessons");
    await page.locator(".lesson-list a", { hasText: "The trap" }).click();
    await live(page);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("The trap");
    expect(await page.locator(".views [aria-current=page]").textContent()).toBe("Lessons");
    await page.goBack();
    await page.locator("h1", { hasText: "Lessons" }).waitFor();
    await page.goBack();
    await page.locator("#judge [data-id]").first().waitFor();
    expect(await page.title()).toContain("a scout, a judge");
    await page.goForward();
    await page.goForward();
    await live(page);
    expect(here.server.requests.filter((path) => path.endsWith(".gguf"))).toHaveLength(2);
    expect(complaints).toEqual([]);
    await close();
  });

  it("keep settings in every address, and search only where that is shown", async () => {
    const { page, complaints, close } = await here.open("?lesson=the-trap&pool=7&device=cpu");
    expect(await live(page)).toContain("cpu");
    expect(await page.locator("#judge [data-id]").count()).toBe(0);
    await page.locator(".views a", { hasText: "Search" }).click();
    await shown(page, FIRST_QUERY);
    expect(await page.locator("#scout [data-id]").count()).toBe(7);
    expect(new URL(page.url()).searchParams.get("device")).toBe("cpu");
    // A link of the text leads into the search with its question.
    await page.goBack();
    await page.locator(".lesson a", { hasText: "the search" }).click();
    await shown(page, FIRST_QUERY);
    expect(complaints).toEqual([]);
    await close();
  });

  it("say so where there is no such lesson", async () => {
    const { page, complaints, close } = await here.open("?lesson=astrology");
    expect(await page.locator(".lesson-list .note").textContent()).toContain("There is no lesson called “astrology”");
    expect(await page.locator(".lesson-list li").count()).toBeGreaterThanOrEqual(2);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("a lesson without models", () => {
  it("keeps the recorded run with the reason, and has its own once Retry works", async () => {
    here.server.absent.add("tabrank-minilm-l6-Q8_0.gguf");
    const { page, close } = await here.open("?lesson=the-trap");
    await page.locator("#trouble h2").waitFor();
    await page.waitForSelector("figure[data-progress=unloaded]");
    const said = (await mark(page).textContent()) ?? "";
    expect(said).toMatch(/^Recorded on .* It stays, as the models could not be loaded: .*404/);
    expect(await page.locator("figure svg").count()).toBe(2);
    here.server.absent.clear();
    await page.locator("#trouble button", { hasText: "Retry" }).click();
    expect(await live(page)).toContain("Computed in this tab");
    await close();
  });
});

describe("a lesson on its way", () => {
  // How soon, `./build.sh page-speed` measures.
  it("is there to be read before engine and models, and nothing jumps when they come", async () => {
    const release = here.hold(".gguf", ".wasm");
    const { page, complaints, close } = await here.open("?lesson=the-trap", {}, (page) =>
      page.addInitScript(() => {
        const seen = { shift: 0 };
        Object.assign(window, { seen });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) seen.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
      }),
    );
    await page.locator("figure[data-exhibit='1'] svg").first().waitFor();
    release();
    await live(page);
    await expect.poll(() => page.locator("#loading").isVisible()).toBe(false);
    expect(await page.evaluate(() => (window as unknown as { seen: { shift: number } }).seen.shift)).toBeLessThan(0.02);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("accessibility", () => {
  const lessons = readdirSync(join(repository, "www/lessons")).flatMap((name) => /^\d\d-(.*)\.md$/.exec(name)?.slice(1) ?? []);
  const places = ["", "?lessons", ...lessons.map((slug) => `?lesson=${slug}`)];
  // Each scheme and each width once: what a colour does, it does at every width.
  const lights = [
    { colorScheme: "light", width: 1280 },
    { colorScheme: "dark", width: 360 },
  ] as const;

  it.each(places)("has nothing that axe finds fault with: %s", async (place) => {
    expect(lessons).toContain("the-trap");
    // Lessons with their recorded runs, and with the panel that says what is loading.
    if (place !== "") here.hold(".gguf");
    const { page, complaints, close } = await here.open(place);
    if (place === "") await shown(page, FIRST_QUERY);
    else await page.locator(place === "?lessons" ? ".lesson-list" : "article.lesson").waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("figure .stage")].every((stage) => stage.childElementCount > 0));
    // What is folded away counts as well.
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    const grounds = new Set<string>();
    for (const { colorScheme, width } of lights) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.waitForTimeout(300);
      expect(await violations(page), colorScheme).toEqual([]);
      expect(await overflow(page), `${width} px`).toBe(0);
      grounds.add(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
    }
    expect(grounds.size).toBe(lights.length);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("printed", () => {
  it("a lesson is its text and its exhibits as they stand: no controls, links written out, on white", async () => {
    const { page, close } = await here.open("?lesson=why", { colorScheme: "dark" });
    await live(page);
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const controls = page.locator("button, input, select, textarea, summary, nav, .dock, .foot");
    expect(await controls.evaluateAll((elements) => elements.filter((element) => element.checkVisibility()).length)).toBe(0);
    expect(await page.locator("article.lesson h1").isVisible()).toBe(true);
    expect(await page.locator(".marked .word").first().isVisible()).toBe(true);
    expect(await mark(page).isVisible()).toBe(true);
    const link = page.locator(".lesson a", { hasText: "about the oboe" });
    const written = await link.evaluate((element) => getComputedStyle(element, "::after").content);
    expect(written).toContain(`${here.server.url}?lesson=why&x1.p=music-03`);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
    await close();
  });
});

describe("motion", () => {
  it("is left out for those who prefer less of it", async () => {
    const { page, close } = await here.open("?lesson=the-trap", { reducedMotion: "reduce" });
    await page.locator("circle.now").first().waitFor();
    const durations = await page.locator("circle.now").evaluateAll((dots) => dots.map((dot) => getComputedStyle(dot).transitionDuration));
    expect(new Set(durations)).toEqual(new Set(["0s"]));
    await close();
  });
});
