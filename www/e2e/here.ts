/** The page as it is built and served, in a browser. */

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { insistOnBuild, launch, open, site, type Watched } from "./browser";
import { serve, type Server } from "./server";

/** What there is during a test. */
export interface Here {
  server: Server;
  browser: Browser;
  /** Opens the page in a context of its own; `query` is what its address says after the folder. */
  open(query?: string, options?: BrowserContextOptions, beforehand?: (page: Page) => Promise<unknown>): Promise<Watched>;
  /** Keeps files from arriving whose paths end so; gives the function that lets them go. */
  hold(...ends: string[]): () => void;
}

/** One server and one browser for the file that calls this; before each test the server forgets what it was asked and told. */
export function served(): Here {
  const here = {
    open: (query = "", options, beforehand) => open(here.browser, `${here.server.url}${query}`, options, beforehand),
    hold: (...ends) => {
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      for (const end of ends) here.server.held.set(end, gate);
      return release;
    },
  } as Here;

  beforeAll(async () => {
    insistOnBuild();
    here.server = await serve(site, "/some/folder/");
    here.browser = await launch();
  });

  afterAll(async () => {
    await here.browser?.close();
    await here.server?.close();
  });

  beforeEach(() => {
    here.server.requests.length = 0;
    for (const told of [here.server.altered, here.server.absent, here.server.held]) told.clear();
  });
  return here;
}
