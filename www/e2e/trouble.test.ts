/** What the page does when something is wrong. */

import { describe, expect, it } from "vitest";
import { FIRST_QUERY } from "../src/state";
import { buildOf, column, launch, native, open, shown, withIndexOf } from "./browser";
import { served } from "./here";

const here = served();

describe("an empty question", () => {
  it("is asked for politely, and nothing is scored", async () => {
    const { page, complaints, close } = await here.open("?q=");
    await page.waitForFunction(() => document.querySelector("#status")?.textContent?.includes("The models are here"));
    await page.locator("#query").fill("   ");
    await page.locator("#query").press("Enter");
    expect(await page.locator("#query-note").textContent()).toContain("Please type a question first");
    expect(await page.locator("#query").getAttribute("aria-invalid")).toBe("true");
    expect(await column(page, "scout")).toEqual([]);
    expect(await page.locator("#trouble").isVisible()).toBe(false);
    await page.locator("#query").pressSequentially("tea");
    expect(await page.locator("#query-note").textContent()).toBe("");
    expect(complaints).toEqual([]);
    await close();
  });

  it("is noticed by the library where the page can't see it", async () => {
    // Characters that the models' tokenizer drops leave nothing to read.
    const { page, close } = await here.open(`?q=${encodeURIComponent("\u0001\u200b")}`);
    await page.locator("#query-note:not(:empty)").waitFor();
    expect(await column(page, "scout")).toEqual([]);
    await close();
  });
});

describe("an altered model file", () => {
  it("is refused; what was typed stays, and Retry works once the file is right", async () => {
    here.server.altered.add("tabrank-minilm-l6-Q8_0.gguf");
    const { page, close } = await here.open();
    await page.locator("#query").fill("shark species that never lay eggs");
    await page.locator("#trouble h2").waitFor();
    const text = (await page.locator("#trouble").textContent()) ?? "";
    expect(text).toContain("The models could not be loaded");
    expect(text).toContain("tabrank-minilm-l6-Q8_0.gguf");
    expect(await page.locator("#query").inputValue()).toBe("shark species that never lay eggs");
    here.server.altered.clear();
    await page.locator("#trouble button", { hasText: "Retry" }).click();
    await page.waitForFunction(() => document.querySelector("#status")?.textContent?.includes("press Search"));
    await page.locator("#go").click();
    await shown(page, "shark species that never lay eggs");
    expect(await page.locator("#trouble").isVisible()).toBe(false);
    await close();
  });
});

describe("a file that is missing", () => {
  it("is named, with what to do", async () => {
    here.server.absent.add("tabrank-minilm-l6-Q8_0.gguf");
    const { page, close } = await here.open();
    await page.locator("#trouble h2").waitFor();
    const text = (await page.locator("#trouble").textContent()) ?? "";
    expect(text).toContain("tabrank-minilm-l6-Q8_0.gguf");
    expect(text).toContain("404");
    await close();
  });
});

describe("an altered index", () => {
  it("is noticed, and the corpus is embedded anew with the same outcome", async () => {
    here.server.altered.add("index.safetensors");
    const { page, close } = await here.open("?pool=5");
    await page.waitForFunction(() => document.body.textContent?.includes("The scout reads the library"));
    await shown(page, FIRST_QUERY);
    const build = await buildOf(page);
    const { scout } = await withIndexOf(build, (index) => native(FIRST_QUERY, 5, 5, build, index));
    expect(await column(page, "scout")).toEqual(scout);
    await close();
  });
});

describe("a question out of the ordinary", () => {
  it("may be a megabyte long: its beginning is read, and it stays in the box but out of the address", async () => {
    const { page, complaints, close } = await here.open("?pool=2");
    await shown(page, FIRST_QUERY);
    const long = "which of these instruments has no reed at all ".repeat(23_000);
    expect(long.length).toBeGreaterThan(1_000_000);
    await page.locator("#query").fill(long);
    await page.locator("#query").press("Enter");
    await shown(page, long.slice(0, 300), "…");
    expect(await column(page, "judge")).toHaveLength(2);
    expect(await page.locator("#judge .cut").count()).toBe(2);
    expect((await page.locator("#query").inputValue()).length).toBe(long.length);
    expect(page.url().length).toBeLessThan(1000);
    expect(complaints).toEqual([]);
    await close();
  });

  it("may hold halves of surrogate pairs and control characters: they count as the replacement character and as nothing", async () => {
    const { page, complaints, close } = await here.open("?pool=2");
    await shown(page, FIRST_QUERY);
    const ask = async (question: string): Promise<unknown> => {
      await page.locator("#query").fill(question);
      await page.locator("#query").press("Enter");
      const wellFormed = question.replace(/[\ud800-\udfff]/g, "\ufffd");
      await page.waitForFunction((q) => new URL(location.href).searchParams.get("q") === q, wellFormed);
      await page.waitForFunction(() => document.querySelector("#rankings")?.getAttribute("aria-busy") === "false");
      return column(page, "judge");
    };
    const plain = await ask("reed\ufffdless pipe");
    expect(await ask("reed\ud800less\u0007 pipe\u0000")).toEqual(plain);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("a browser without something", () => {
  it("works without Cache Storage, as on a plain http site", async () => {
    // Nothing but localhost is a secure context over plain http; there is then no `caches`, for workers neither.
    const insecure = await launch(["--host-resolver-rules=MAP classroom.test 127.0.0.1"]);
    const { page, complaints, close } = await open(insecure, here.server.url.replace("127.0.0.1", "classroom.test"));
    expect(await page.evaluate(() => "caches" in window)).toBe(false);
    await shown(page, FIRST_QUERY);
    expect(await column(page, "judge")).toHaveLength(5);
    expect(complaints).toEqual([]);
    await close();
    await insecure.close();
  });

  it("says clearly that it needs SIMD, before any model is fetched", async () => {
    const { page, close } = await here.open("", {}, (page) =>
      page.addInitScript(() => {
        WebAssembly.validate = () => false;
      }),
    );
    await page.locator("#trouble h2").waitFor();
    expect(await page.locator("#trouble").textContent()).toContain("SIMD");
    expect(await page.locator("#trouble").textContent()).toContain("newer browser");
    expect(here.server.requests.filter((path) => path.endsWith(".gguf") || path.endsWith(".wasm"))).toEqual([]);
    await close();
  });

  it("says so where there is no JavaScript", async () => {
    const { page, close } = await here.open("", { javaScriptEnabled: false });
    expect(await page.locator(".noscript").isVisible()).toBe(true);
    await close();
  });
});
