/** How the page is read and used: by keyboard, on narrow screens, in the dark, standing still. */

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { FIRST_QUERY } from "../src/state";
import { overflow } from "./audit";
import { shown, stoppable } from "./browser";
import { served } from "./here";

const here = served();

/** Presses Tab until the focus is on something that fits, as a person would. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`Tab never reached ${selector}`);
}

/** Texts whose contrast with what lies behind them is below 4.5 (3 for large ones), with the contrast. */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("no canvas");
    const rgba = (colour: string): number[] => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour: readonly number[]): number => {
      const [r = 0, g = 0, b = 0] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element | null): number[] => {
      for (let at = element; at !== null; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return [255, 255, 255, 255];
    };
    const faint: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== "");
      if (text.length === 0 || !element.checkVisibility() || element.closest(".unseen, option, noscript") !== null) continue;
      const style = getComputedStyle(element);
      const [light = 0, dark = 0] = [luminance(rgba(style.color)), luminance(behind(element))].sort((a, b) => b - a);
      const contrast = (light + 0.05) / (dark + 0.05);
      const enough = Number.parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
      if (contrast < enough) faint.push(`${contrast.toFixed(2)} ${element.textContent?.trim().slice(0, 40)}`);
    }
    return faint;
  });
}

describe("narrow screens", () => {
  it("need no sideways scrolling at 360 px", async () => {
    const { page, complaints, close } = await here.open("", { viewport: { width: 360, height: 740 } });
    expect(await overflow(page)).toBe(0);
    await shown(page, FIRST_QUERY);
    await page.locator("#judge summary").first().click();
    await page.locator("#traps > summary").click();
    await page.locator("#scout .more").click();
    expect(await overflow(page)).toBe(0);
    // The judge's first passage can be seen whole.
    const box = await page.locator("#judge li").first().boundingBox();
    expect(box === null ? 0 : box.x + box.width).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
    await close();
  });

  it("need none at 320 px with letters twice as large", async () => {
    const { page, close } = await here.open("", { viewport: { width: 640, height: 800 } });
    await page.addStyleTag({ content: ":root { font-size: 200% }" });
    await shown(page, FIRST_QUERY);
    expect(await overflow(page)).toBe(0);
    await close();
  });
});

describe("the keyboard", () => {
  it("is enough for everything", async () => {
    const { page, complaints, close } = await here.open();
    await shown(page, FIRST_QUERY);
    await tabTo(page, ".skip");
    await page.keyboard.press("Enter");
    await tabTo(page, "#go");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("shark species that never lay eggs");
    await page.keyboard.press("Enter");
    await shown(page, "shark species that never lay eggs");

    await tabTo(page, '#twins button[aria-pressed="false"]');
    await page.keyboard.press("Enter");
    await shown(page, "shark species that do lay eggs");
    expect(await page.evaluate(() => document.activeElement?.matches('#twins button[aria-pressed="true"]'))).toBe(true);

    await tabTo(page, "#pool");
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => document.querySelectorAll("#scout [data-id]").length === 19);
    await tabTo(page, "#top-k");
    await page.keyboard.press("End");
    expect(await page.locator("#judge [data-id]").count()).toBe(19);

    await tabTo(page, "#judge summary");
    const id = await page.locator("#judge li").first().getAttribute("data-id");
    expect(await page.locator(`#scout li[data-id="${id}"]`).getAttribute("class")).toContain("lit");
    await page.keyboard.press("Enter");
    expect(await page.locator("#judge li .text").first().isVisible()).toBe(true);
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(outline).toBe("solid");
    expect(complaints).toEqual([]);
    await close();
  });

  it("stops a search with Escape", async () => {
    const { page, close } = await here.open("?q=tea&pool=50");
    await stoppable(page);
    await page.locator("#query").press("Escape");
    await page.locator("#go").waitFor();
    expect(await page.locator("#query").inputValue()).toBe("tea");
    await close();
  });
});

describe("colours", () => {
  for (const scheme of ["light", "dark"] as const) {
    it(`have contrast in the ${scheme} scheme`, async () => {
      const { page, close } = await here.open("", { colorScheme: scheme });
      await shown(page, FIRST_QUERY);
      await page.waitForTimeout(300);
      const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      expect(ground).toBe(scheme === "light" ? "rgb(250, 251, 249)" : "rgb(27, 38, 36)");
      expect(await faintTexts(page)).toEqual([]);
      await close();
    });
  }

  it("follow the switch, and remember it", async () => {
    const { page, close } = await here.open("", { colorScheme: "light" });
    await page.locator('#theme input[value="dark"]').check({ force: true });
    const dark = "rgb(27, 38, 36)";
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(dark);
    await page.reload();
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(dark);
    await close();
  });
});

describe("motion", () => {
  it("is left out for those who prefer less of it", async () => {
    const { page, close } = await here.open("", { reducedMotion: "reduce" }, (page) =>
      page.addInitScript(() => {
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...given) {
          document.documentElement.dataset["moved"] = "yes";
          return animate.apply(this, given);
        };
      }),
    );
    await shown(page, FIRST_QUERY);
    expect(await page.evaluate(() => document.documentElement.dataset["moved"])).toBeUndefined();
    await close();
  });

  it("leaves every curve between the ranks that it joins", async () => {
    const { page, close } = await here.open("", { viewport: { width: 1600, height: 1000 } });
    await shown(page, FIRST_QUERY);
    await page.locator("#scout .more").click();
    await page.waitForTimeout(1200);
    const gaps = await page.locator("#links path").evaluateAll((paths) => {
      const top = document.querySelector("#links")?.getBoundingClientRect().top ?? 0;
      return paths.flatMap((path) => {
        const [, from, to] = /^M2 ([\d.]+) C.* [\d.]+ ([\d.]+) m/.exec(path.getAttribute("d") ?? "") ?? [];
        return [["#scout", from], ["#judge", to]].map(([column, height]) => {
          const summary = document.querySelector(`${column} [data-id="${path.getAttribute("data-id")}"] summary`);
          const box = summary?.getBoundingClientRect();
          return box === undefined ? Infinity : Math.abs(box.top + box.height / 2 - top - Number(height));
        });
      });
    });
    expect(gaps).toHaveLength(10);
    expect(Math.max(...gaps)).toBeLessThan(1);
    await close();
  });
});
