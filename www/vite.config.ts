import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { lessonData } from "./lesson-data.ts";
import { offline } from "./offline.ts";
import { siteData } from "./site-data.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const repository = here("..");

export default defineConfig({
  root: here("."),
  // Relative addresses, so that the built site works from any folder of any host.
  base: "./",
  plugins: [siteData(repository), lessonData({ lessons: here("lessons"), exhibits: here("src/lessons/exhibits") }), offline(here("src/offline/worker.ts"))],
  worker: { format: "es" },
  // The client finds its worker and its wasm beside itself; pre-bundling would move it away from them.
  optimizeDeps: { exclude: ["tabrank"] },
  server: { fs: { allow: [repository] } },
  build: {
    target: "es2022",
    // Data addresses for the wasm file would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
