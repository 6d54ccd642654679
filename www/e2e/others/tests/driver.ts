/** Tests of what drives the browsers: that there were no complaints and no requests to others means something only if they are seen. */

import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { serve } from "../../server";
import { serving, type Here } from "../setting";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Defines them, for the browser that there will be. */
export function testDriver(here: Here): void {
  serving(here, () => serve(folder, "/"));

  it("tells of errors, warnings and requests to others, from the first script of a page on", async () => {
    const { tab, server } = here;
    const told = async () => (await tab.complaints()).join("\n");
    await tab.open(`${server.url}faults.html`);
    await tab.open(`${server.url}blank.html`);
    expect(await told()).toContain("an early error");
    expect(await told()).toContain("http://forbidden.test/");
    expect(tab.strangers()).toEqual([]);
    await tab.evaluate(async () => {
      console.error("an error");
      console.warn("a warning");
      console.log("no complaint");
      setTimeout(() => {
        throw new Error("nobody catches this");
      });
      void Promise.reject(new Error("nobody handles this"));
      for (const url of ["http://stranger.test/", "https://another.test/"]) await fetch(url).catch(() => undefined);
      const inWorker = 'fetch("http://third.test/").catch(() => undefined).then(() => postMessage(0))';
      const worker = new Worker(URL.createObjectURL(new Blob([inWorker])));
      await new Promise((resolve) => worker.addEventListener("message", resolve));
    });
    for (const complaint of ["an error", "a warning", "nobody catches this", "nobody handles this"]) {
      await expect.poll(told).toContain(complaint);
    }
    expect(await told()).not.toContain("no complaint");
    expect(tab.strangers()).toEqual(["stranger.test", "another.test", "third.test"]);
    await expect(tab.evaluate(() => Promise.reject(new Error("of its own")))).rejects.toThrow("of its own");
    await expect(tab.click("#absent")).rejects.toThrow("There is no #absent to be seen");
  });

  it("keeps nothing from one tab to the next", async () => {
    const { browser, server } = here;
    const kept = () => here.tab.evaluate(async () => [localStorage.length, await caches.has("left")]);
    await here.tab.open(`${server.url}blank.html`);
    await here.tab.evaluate(async () => {
      localStorage.setItem("left", "something");
      await caches.open("left");
    });
    expect(await kept()).toEqual([1, true]);
    await here.tab.close();
    here.tab = await browser.tab();
    await here.tab.open(`${server.url}blank.html`);
    expect(await kept()).toEqual([0, false]);
    expect(await here.tab.complaints()).toEqual([]);
  });
}
