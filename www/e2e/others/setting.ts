/** The same tests in every browser, each with a tab and a server of its own. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { insistOnBuild } from "../browser";
import type { Server } from "../server";
import { BROWSERS, type Browser } from "./driver";
import type { Tab } from "./tab";

/** What there is during a test. */
export interface Here {
  browser: Browser;
  server: Server;
  tab: Tab;
}

/** Has these tests run in each browser. What they find in `here` is there once they run, and `tab` is a new one for each. */
export function inEachBrowser(startServer: () => Promise<Server>, tests: (here: Here) => void): void {
  describe.each(Object.entries(BROWSERS))("%s", (_name, start) => {
    const here = {} as Here;

    beforeAll(async () => {
      insistOnBuild();
      here.server = await startServer();
      here.browser = await start();
      console.log(here.browser.name);
    });

    afterAll(async () => {
      await here.browser?.close();
      await here.server?.close();
    });

    beforeEach(async () => {
      here.server.requests.length = 0;
      here.tab = await here.browser.tab();
    });

    afterEach(() => here.tab?.close());

    tests(here);
  });
}

/** Nothing was complained of, and nothing was asked of anyone but this server, below its folder. */
export async function expectQuiet({ server, tab }: Pick<Here, "server" | "tab">): Promise<void> {
  expect((await tab.complaints()).filter(ofThePage)).toEqual([]);
  expect(tab.strangers()).toEqual([]);
  const { pathname } = new URL(server.url);
  expect(server.requests.filter((path) => !path.startsWith(pathname)).filter(ofThePage)).toEqual([]);
}

/** Browsers ask for this of their own accord where a page names no icon, and complain if its policy forbids that. */
const ofThePage = (text: string): boolean => !text.includes("/favicon.ico");
