import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "esnext",
    // Chroma's client would load it for a collection without an embedding function.
    rolldownOptions: { external: ["@chroma-core/default-embed"] },
  },
  worker: { format: "es" },
  optimizeDeps: { exclude: ["tabrank"] },
});
