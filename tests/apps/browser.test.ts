/** Apps of every kind, built for production, until real logits are on the page. */

import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { insistOnBuild, launch, open, repository } from "../../www/e2e/browser";
import { serve, type Server } from "../../www/e2e/server";
import { addModels, build, expectLogits, install } from "./app";

// As strict as can be, from a sub-path, without the headers of cross-origin isolation.
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src data:";
// Next.js writes scripts into its pages.
const NEXT = STRICT.replace("script-src", "script-src 'unsafe-inline'").replace("style-src", "font-src 'self'; style-src 'unsafe-inline'");

let browser: Browser;
beforeAll(async () => {
  insistOnBuild();
  browser = await launch();
});
afterAll(() => browser?.close());

const examples = join(repository, "examples");
const here = join(repository, "tests", "apps");

/** An app: where its files are, what is served of it once it is built, and how its page says that it is done. */
interface App {
  source: string;
  more?: string[];
  site: string;
  end: RegExp;
  policy?: string;
}

const apps: Record<string, App> = {
  plain: { source: join(examples, "plain"), site: ".", end: /^Scored by cpu/ },
  "vite and React": { source: join(examples, "react"), site: "dist", end: /^Ready/ },
  "vite and Vue": { source: join(examples, "vue"), site: "dist", end: /^Done/ },
  webpack: { source: join(here, "webpack"), more: ["rerank.js", "texts.js", "page.html"], site: ".", end: /^Scored by cpu/ },
  esbuild: { source: join(here, "esbuild"), more: ["rerank.js", "texts.js", "page.html"], site: ".", end: /^Scored by cpu/ },
  "Next.js": { source: join(here, "next"), more: ["rerank.js", "texts.js"], site: "out", end: /^Scored by cpu/, policy: NEXT },
};

describe("tabrank works in an app of", () => {
  test.each(Object.entries(apps))("%s", async (name, { source, more, site, end, policy = STRICT }) => {
    const app = await install(name.replace(/\W+/g, "-").toLowerCase(), source, more);
    if (name !== "plain") await build(app);
    const root = join(app, site);
    await addModels(root);
    const server: Server = await serve(root, "/app/", undefined, { "Content-Security-Policy": policy });
    try {
      const watched = await open(browser, new URL(more?.includes("page.html") ? "page.html" : ".", server.url).href);
      await expectLogits(watched, end);
      await watched.close();
    } finally {
      await server.close();
    }
  });
});
