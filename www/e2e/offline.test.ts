/** The page without a connection, after the first visit; and that it can be installed. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FIRST_QUERY } from "../src/state";
import { column, insistOnBuild, launch, open, shown, site } from "./browser";
import { serve, type Server } from "./server";

let server: Server;
let browser: Browser | undefined;

beforeAll(async () => {
  insistOnBuild();
  server = await serve(site, "/some/folder/");
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

it("opens, computes and turns to a lesson when there is no server any more", async () => {
  const { page, complaints, requests, close } = await open(browser as Browser, `${server.url}?pool=5`, { serviceWorkers: "allow" });
  await shown(page, FIRST_QUERY);
  const before = await column(page, "judge");
  // The engine comes last, in both builds: then all is there.
  await expect
    .poll(() => page.evaluate(async () => (await (await caches.open("tabrank-engine")).keys()).length), { timeout: 30_000 })
    .toBe(2);
  // The models are still being written down.
  await expect
    .poll(() => page.evaluate(async () => (await (await caches.open("tabrank")).keys()).filter(({ url }) => url.includes(".gguf")).length), {
      timeout: 30_000,
    })
    .toBe(2);

  await server.close();
  requests.length = 0;
  await page.reload();
  await shown(page, FIRST_QUERY);
  expect(await column(page, "judge")).toEqual(before);
  await page.getByRole("link", { name: "Lessons", exact: true }).click();
  const lesson = page.getByRole("link", { name: "The trap", exact: true }).first();
  await lesson.click();
  await page.getByRole("heading", { level: 1, name: "The trap" }).waitFor();
  await page.goto(`${server.url}?q=keyboard+instruments+without+strings&pool=5`);
  await shown(page, "keyboard instruments without strings");
  expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
  expect(complaints.filter((complaint) => !complaint.includes("ERR_CONNECTION_REFUSED"))).toEqual([]);
  await close();
});

it("says of itself what installing it takes", async () => {
  const again = await serve(site, "/some/folder/");
  const { page, close } = await open(browser as Browser, again.url);
  const devtools = await page.context().newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const { icons } = JSON.parse(data ?? "{}") as { icons: { src: string; sizes: string }[] };
  expect(icons.map(({ sizes }) => sizes)).toEqual(["192x192", "512x512", "any"]);
  for (const { src } of icons) expect((await page.request.get(new URL(src, again.url).href)).status()).toBe(200);
  await close();
  await again.close();
});
