/** What the page says of what computes, and the reader's choice. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FIRST_QUERY } from "../src/state";
import { buildOf, column, insistOnBuild, launch, native, open, shown, site } from "./browser";
import { serve, type Server } from "./server";

let server: Server;
let browser: Browser | undefined;

beforeAll(async () => {
  insistOnBuild();
  server = await serve(site, "/some/folder/");
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const fact = (page: Page) => page.locator("#device-fact").textContent();
const engine = (page: Page) => page.locator("#engine").textContent();

describe("a page without a GPU", () => {
  it("says so, and keeps the reader's choice in its address", async () => {
    browser = await launch();
    const { page, complaints, close } = await open(browser, `${server.url}?pool=5`);
    await shown(page, FIRST_QUERY);
    await expect.poll(() => fact(page)).toBe("The CPU computes: this browser offers no GPU.");
    expect(await engine(page)).toMatch(/^Ran on \d workers?, cpu \(/);
    expect(await column(page, "judge")).toEqual((await native(FIRST_QUERY, 5, 5, await buildOf(page))).judge);
    await page.locator("#device").selectOption("cpu");
    await expect.poll(() => fact(page)).toBe("The CPU computes: no GPU was asked for.");
    await expect.poll(() => new URL(page.url()).searchParams.get("device")).toBe("cpu");
    await shown(page, FIRST_QUERY);
    // Which build it computes with now was measured anew.
    expect(await column(page, "judge")).toEqual((await native(FIRST_QUERY, 5, 5, await buildOf(page))).judge);
    expect(complaints).toEqual([]);
    await close();
    await browser.close();
  });
});

describe("a page with a GPU", () => {
  it("uses it if the address says so, and tells how near it is to the CPU", async () => {
    browser = await launch(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
    const { page, complaints, close } = await open(browser, `${server.url}?pool=3&device=webgpu`);
    await shown(page, FIRST_QUERY);
    expect(await fact(page)).toMatch(/^The GPU \(.*swiftshader.*\) is used: it was asked for\. Its logits are within 0\.\d+ of the CPU’s\.$/);
    expect(await engine(page)).toMatch(/^Ran on webgpu \(.*swiftshader/);
    expect(await column(page, "judge")).toHaveLength(3);
    expect(complaints).toEqual([]);
    await close();
  });
});
