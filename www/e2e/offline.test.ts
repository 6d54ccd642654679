/** The page without a connection, after the first visit; and that it can be installed. */

import { expect, it } from "vitest";
import { FIRST_QUERY } from "../src/state";
import { buildOf, column, native, shown } from "./browser";
import { served } from "./here";

const here = served();

it("says of itself what installing it takes", async () => {
  const { page, close } = await here.open();
  const devtools = await page.context().newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const { icons } = JSON.parse(data ?? "{}") as { icons: { src: string; sizes: string }[] };
  expect(icons.map(({ sizes }) => sizes)).toEqual(["192x192", "512x512", "any"]);
  for (const { src } of icons) expect((await page.request.get(new URL(src, here.server.url).href)).status()).toBe(200);
  await close();
});

it("opens, computes and turns to a lesson when there is no server any more", async () => {
  const { page, complaints, requests, close } = await here.open("?pool=5", { serviceWorkers: "allow" });
  await shown(page, FIRST_QUERY);
  expect(await column(page, "judge")).toEqual((await native(FIRST_QUERY, 5, 5, await buildOf(page))).judge);
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

  await here.server.close();
  requests.length = 0;
  await page.reload();
  await shown(page, FIRST_QUERY);
  // Which build it computes with now was measured anew.
  expect(await column(page, "judge")).toEqual((await native(FIRST_QUERY, 5, 5, await buildOf(page))).judge);
  await page.getByRole("link", { name: "Lessons", exact: true }).click();
  const lesson = page.getByRole("link", { name: "The trap", exact: true }).first();
  await lesson.click();
  await page.getByRole("heading", { level: 1, name: "The trap" }).waitFor();
  await page.goto(`${here.server.url}?q=keyboard+instruments+without+strings&pool=5`);
  await shown(page, "keyboard instruments without strings");
  expect(requests.filter((url) => !url.startsWith(here.server.url))).toEqual([]);
  expect(complaints.filter((complaint) => !complaint.includes("ERR_CONNECTION_REFUSED"))).toEqual([]);
  await close();
});
