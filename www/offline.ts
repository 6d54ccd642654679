/** A Vite plugin that makes the service worker of the built page, and tells it the page's files. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { build, type Plugin } from "vite";

/** What the page asks for the service worker by. */
const NAME = "service-worker.js";

/** Files that aren't kept by it: models, which the package keeps, and builds of the engine, of which one is needed. */
const LEFT_OUT = /\.(gguf|wasm|map)$/;

/** Names that hold a hash of their content. */
const HASHED = /^assets\/.+-[\w-]{8}\.\w+$/;

/** A file of the page, as the service worker takes it. */
export interface KeptFile {
  readonly url: string;
  /** Changes with the content; null where the name does. */
  readonly revision: string | null;
}

/** Makes the service worker from the script `entry`, once the whole site has been written. */
export function offline(entry: string): Plugin {
  let outDir = "";
  let server = false;
  return {
    name: "tabrank-offline",
    // After all that put files there.
    enforce: "post",
    configResolved({ root, build: { outDir: folder }, command }) {
      outDir = resolve(root, folder);
      server = command === "serve";
    },
    closeBundle: {
      sequential: true,
      order: "post",
      async handler() {
        // It is called after a build that failed, too.
        if (server || !existsSync(join(outDir, "index.html"))) return;
        await build({
          configFile: false,
          logLevel: "warn",
          define: { PAGE_FILES: JSON.stringify(keptFiles(outDir)), "process.env.NODE_ENV": '"production"' },
          build: {
            outDir,
            emptyOutDir: false,
            copyPublicDir: false,
            target: "es2022",
            // A classic script: not all browsers take modules here.
            rollupOptions: { input: entry, output: { format: "iife", entryFileNames: NAME } },
          },
        });
      },
    },
  };
}

/** All files of the page that are to be kept, in a steady order. */
export function keptFiles(folder: string): KeptFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)).replaceAll("\\", "/"))
    .filter((url) => url !== NAME && !LEFT_OUT.test(url))
    .sort()
    .map((url) => ({
      url,
      revision: HASHED.test(url) ? null : createHash("sha256").update(readFileSync(join(folder, url))).digest("hex").slice(0, 16),
    }));
}
