// The pages as a site: both engines bundled and minified in the same way, each in chunks of its own.

import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { build } from "vite";
import { bench, output, site } from "./places.mjs";

/** onnxruntime-web's wasm files that are tried, as part of the file's name: the plain one, and the one that transformers.js takes by default. */
export const RUNTIMES = ["", ".asyncify"];

export async function bundle() {
  await build({
    root: path.join(bench, "page"),
    base: "./",
    logLevel: "warn",
    worker: { format: "es" },
    build: {
      outDir: site,
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 4096,
    },
  });
  mkdirSync(path.join(site, "ort"));
  for (const runtime of RUNTIMES) {
    for (const ending of ["mjs", "wasm"]) {
      const file = `ort-wasm-simd-threaded${runtime}.${ending}`;
      cpSync(path.join(bench, "node_modules/onnxruntime-web/dist", file), path.join(site, "ort", file));
    }
  }
  symlinkSync(path.join(output, "models"), path.join(site, "models"));
}
