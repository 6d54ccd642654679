// The browser, its pages and its memory.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

/** @param {readonly string[]} [graphics] flags that say what becomes of the GPU */
export function launch(graphics = ["--disable-gpu"]) {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      ...graphics,
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A page in a context of its own, which shares nothing stored with others. What it complains of goes to stderr.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 */
export async function open(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(0); // of evaluate there is none, and measuring takes as long as it takes
  page.on("console", (message) => {
    if (message.type() === "error") console.error(`  the page says: ${message.text()}`);
  });
  page.on("pageerror", (error) => console.error(`  the page failed: ${error.message}`));
  await page.goto(url);
  await page.waitForFunction(() => window.bench !== undefined);
  return page;
}

/**
 * Resident memory of the largest of the browser's renderers in MiB, now and at most so far; null where /proc doesn't tell.
 *
 * @param {import("playwright-core").Browser} browser
 * @returns {Promise<{ now: number, peak: number } | null>}
 */
export async function rendererMemory(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  let largest = null;
  for (const { type, id } of processInfo) {
    if (type !== "renderer") continue;
    try {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      /** @param {string} field */
      const mib = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
      const memory = { now: mib("VmRSS"), peak: mib("VmHWM") };
      if (largest === null || memory.peak > largest.peak) largest = memory;
    } catch {
      return null;
    }
  }
  return largest;
}
