/** The package in a page of somebody else's, under a policy as strict as can be. */

import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { insistOnBuild, launch, open, repository, type Watched } from "./browser";
import { serve, type Server } from "./server";

/** Workers are bound by the policy that comes with their own script, so it goes with every file. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

/** What there is during a test: the server of the repository, and plain.html with the package imported. */
export interface Elsewhere {
  server: Server;
  watched: Watched;
}

/** Opens the page anew for each test of the file that calls this, in a browser with these flags. */
export function elsewhere(flags: readonly string[] = []): Elsewhere {
  let browser: Browser;
  const now = {} as Elsewhere;

  beforeAll(async () => {
    insistOnBuild();
    now.server = await serve(repository, "/repository/", undefined, { "Content-Security-Policy": POLICY });
    browser = await launch(flags);
  });

  afterAll(async () => {
    await browser?.close();
    await now.server?.close();
  });

  beforeEach(async () => {
    now.server.requests.length = 0;
    now.watched = await open(browser, `${now.server.url}www/e2e/plain.html`);
    await now.watched.page.waitForFunction(() => "kept" in window);
  });

  afterEach(() => now.watched.close());
  return now;
}
