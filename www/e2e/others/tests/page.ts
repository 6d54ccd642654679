/** Tests of the page as it is served. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrapData } from "../../../src/lessons/exhibits/trap";
import { FIRST_QUERY } from "../../../src/state";
import { repository, site } from "../../browser";
import { serve } from "../../server";
import { buildOf, column, expected, modelsKept, shown } from "../answers";
import { expectQuiet, serving, type Here } from "../setting";
import type { Tab } from "../driver/tab";

const TRAP = "shark species that never lay eggs";
const TWIN = "shark species that do lay eggs";
/** So long that every pair is cut: the judge reads a pool of them for seconds. */
const LONG = "which of these never lays any eggs ".repeat(50);

const serveSite = () => serve(site, "/some/folder/");

/** Both columns are the command line's, to the bit. */
async function expectAnswer(tab: Tab, question: string, pool: number): Promise<void> {
  const { scout, judge } = await expected(question, pool, 5, await buildOf(tab));
  expect(await column(tab, "scout")).toEqual(scout);
  expect(await column(tab, "judge")).toEqual(judge);
}

/** Defines them, for the browser that there will be. */
export function testPage(here: Here): void {
  serving(here, serveSite);

  describe("the question that opens the page", () => {
    it("is answered on the CPU with the command line's numbers to the bit, the second time offline", async () => {
      const { tab } = here;
      const server = await serveSite();
      await tab.open(server.url);
      await shown(tab, FIRST_QUERY);
      await expectAnswer(tab, FIRST_QUERY, 20);
      expect(await tab.text("#engine")).toMatch(/^Ran on \d workers?, cpu \((simd128|relaxed-simd)/);
      expect(await tab.text("#device-fact")).toMatch(/^The CPU computes: /);
      expect(await tab.text("#verdict .finding")).toContain("The bi-encoder falls into the trap");
      expect(server.requests.filter((path) => path.endsWith(".gguf"))).toHaveLength(2);
      await expectQuiet({ server, tab });

      // The engine comes last, and both its builds, as either may be measured to be the quicker one next time.
      const enginesKept = () => tab.evaluate(async () => (await (await caches.open("tabrank-engine")).keys()).length);
      await expect.poll(enginesKept, { timeout: 30_000 }).toBe(2);
      await expect.poll(() => modelsKept(tab), { timeout: 30_000 }).toBe(2);
      await tab.open("about:blank");
      await server.close();
      // A search that takes its time is stopped with the button, begun again, and stopped with a key; the next one works.
      await tab.open(`${server.url}?q=${encodeURIComponent(LONG)}`);
      const searching = () => tab.until("a search goes on", () => document.querySelector("#stop")?.checkVisibility());
      const stopped = () => tab.until("it has stopped", () => document.querySelector("#status")?.textContent?.startsWith("Stopped"));
      await searching();
      await tab.click("#stop");
      await stopped();
      expect(await column(tab, "judge")).toEqual([]);
      await tab.click("#go");
      await searching();
      await tab.click("#query");
      await tab.press("Escape");
      await stopped();
      await tab.press("Control+a");
      await tab.type(FIRST_QUERY);
      await tab.press("Enter");
      await shown(tab, FIRST_QUERY);
      await expectAnswer(tab, FIRST_QUERY, 20);
      await expectQuiet({ server, tab });
    });
  });

  describe("the keyboard", () => {
    it("asks a trap and its twin, moves a slider and opens a lesson; the browser's back returns to each", async () => {
      const { tab, server } = here;
      await tab.open(`${server.url}?pool=6`);
      await shown(tab, FIRST_QUERY);
      await tab.tabTo(".skip");
      await tab.press("Enter");
      await tab.tabTo("#go");
      await tab.press("Shift+Tab");
      await tab.press("Control+a");
      await tab.type(TRAP);
      await tab.press("Enter");
      await shown(tab, TRAP);
      await expectAnswer(tab, TRAP, 6);

      await tab.tabTo('#twins button[aria-pressed="false"]');
      await tab.press("Enter");
      await shown(tab, TWIN);
      expect(await tab.evaluate(() => document.activeElement?.matches('#twins button[aria-pressed="true"]'))).toBe(true);
      await expectAnswer(tab, TWIN, 6);
      expect(await tab.evaluate(() => new URL(location.href).searchParams.get("q"))).toBe(TWIN);

      await tab.back();
      await shown(tab, TRAP);
      await tab.back();
      await shown(tab, FIRST_QUERY);
      expect(await tab.evaluate(() => document.querySelector<HTMLTextAreaElement>("#query")?.value)).toBe(FIRST_QUERY);

      await tab.tabTo("#pool");
      await tab.press("ArrowLeft");
      await tab.until("the pool is of five", () => document.querySelectorAll("#scout [data-id]").length === 5);

      await tab.tabTo('.views a[href*="lessons"]');
      await tab.press("Enter");
      await tab.until("the lessons are listed", () => document.activeElement?.matches("h1") && document.title.startsWith("Lessons"));
      await tab.tabTo('.lesson-list a[href*="the-trap"]');
      await tab.press("Enter");
      await tab.until("the exhibit has been computed here", () => document.querySelector("figure[data-exhibit='1'][data-progress='done']"));
      // Runs are recorded with simd128; the builds round differently, each in the same way everywhere.
      const mark = await tab.text("figure[data-exhibit='1'] .mark [role=status]");
      if (mark.includes("simd128")) expect(await trapNumbers(tab)).toEqual(recordedTrap());
      expect(server.requests.filter((path) => path.endsWith(".gguf"))).toHaveLength(2);
      await tab.back();
      await tab.until("the lessons are listed", () => document.title.startsWith("Lessons"));
      await expectQuiet(here);
    });
  });

  describe("a screen of 360 px", () => {
    it("needs no sideways scrolling", async () => {
      const { tab, server } = here;
      // In a frame, since WebKitGTK's window can't be as narrow; the frame is its page's viewport. Around it there is an empty page.
      await tab.open(`${server.url}nothing`);
      const show = (place: string) =>
        tab.evaluate((url) => {
          const frame = document.createElement("iframe");
          frame.style.cssText = "width: 360px; height: 740px; border: 0";
          frame.src = url;
          document.body.replaceChildren(frame);
          return new Promise<void>((resolve) => frame.addEventListener("load", () => resolve(), { once: true }));
        }, server.url + place);
      const until = (selector: string) =>
        tab.until(`there is ${selector}`, (wanted) => document.querySelector("iframe")?.contentDocument?.querySelector(wanted), selector);
      const widths = () =>
        tab.evaluate(() => {
          const { contentDocument, contentWindow } = document.querySelector("iframe") ?? {};
          const { scrollWidth, clientWidth } = contentDocument?.documentElement ?? {};
          return { inner: contentWindow?.innerWidth, overflow: (scrollWidth ?? NaN) - (clientWidth ?? NaN) };
        });
      const fits = { inner: 360, overflow: 0 };

      await show("?pool=12");
      expect(await widths()).toEqual(fits);
      await until('.outcome:has(#verdict .asked) ~ #rankings[aria-busy="false"]');
      await tab.evaluate(() => {
        const inside = document.querySelector("iframe")?.contentDocument;
        for (const selector of ["#judge summary", "#traps > summary", "#scout .more"]) {
          const element = inside?.querySelector<HTMLElement>(selector);
          if (!element) throw new Error(`There is no ${selector}.`);
          element.click();
        }
      });
      expect(await widths()).toEqual(fits);
      // What is there to be read before engine and models are.
      for (const end of [".wasm", ".gguf"]) server.held.set(end, new Promise(() => undefined));
      const places = { "?lessons": ".lesson-list", "?lesson=the-trap": "figure svg", "?bench=corpus": "#pick" };
      for (const [place, selector] of Object.entries(places)) {
        await show(place);
        await until(selector);
        expect(await widths(), place).toEqual(fits);
      }
      server.held.clear();
      await expectQuiet(here);
    });
  });
}

/** Cosines and logits of the first lesson's exhibit as they stand in its table, and as they were recorded. */
const trapNumbers = (tab: Tab): Promise<number[]> =>
  tab.evaluate(() => {
    const cells = [...document.querySelectorAll("figure[data-exhibit='1'] td[data-exact]")];
    return cells.map((cell) => Number(cell.getAttribute("data-exact")));
  });

function recordedTrap(): number[] {
  const run = readFileSync(join(repository, "www/lessons/recorded/the-trap.1.json"), "utf8");
  const { passages } = (JSON.parse(run) as { data: TrapData }).data;
  return passages.flatMap(({ cosines, logits }) => [cosines[0], logits[0], cosines[1], logits[1]]);
}
