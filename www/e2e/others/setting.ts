/** What the tests find when they run, and what all of them want. */

import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { Server } from "../server";
import type { Browser, Tab } from "./driver/tab";

/** What there is during a test. */
export interface Here {
  browser: Browser;
  server: Server;
  /** A new one for each test. */
  tab: Tab;
}

/** Has a server run for the tests that are defined beside this call. */
export function serving(here: Here, start: () => Promise<Server>): void {
  beforeAll(async () => {
    here.server = await start();
  });

  afterAll(() => here.server?.close());

  beforeEach(() => {
    here.server.requests.length = 0;
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
