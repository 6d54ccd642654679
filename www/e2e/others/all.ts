/** All tests, for whichever browser. */

import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import { insistOnBuild } from "../browser";
import type { Browser } from "./driver/tab";
import type { Here } from "./setting";
import { testDriver } from "./tests/driver";
import { testPackage } from "./tests/package";
import { testPage } from "./tests/page";

/** Has them run in the browser that `start` starts, each with a tab of its own. */
export function testIn(start: () => Promise<Browser>): void {
  const here = {} as Here;

  beforeAll(async () => {
    insistOnBuild();
    here.browser = await start();
    console.log(here.browser.name);
  });

  afterAll(() => here.browser?.close());

  beforeEach(async () => {
    here.tab = await here.browser.tab();
  });

  afterEach(() => here.tab?.close());

  describe("the driver", () => testDriver(here));
  describe("the page", () => testPage(here));
  describe("the package", () => testPackage(here));
}
