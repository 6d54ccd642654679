// `node tools/screenshot.mjs URL FILE.png [WIDTH] [HEIGHT] [light|dark]`: the picture in README.md, taken of the served page.

import { chromium } from "playwright-core";

const [url, file, width = "1280", height = "800", colorScheme = "light"] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node tools/screenshot.mjs URL FILE.png [WIDTH] [HEIGHT] [light|dark]");
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) }, colorScheme });
await page.goto(url);
await page.waitForSelector("#judge [data-id]", { timeout: 120_000 });
await page.waitForSelector('#rankings[aria-busy="false"]');
await page.waitForTimeout(1000); // curves move to their places
await page.screenshot({ path: file });
await browser.close();
