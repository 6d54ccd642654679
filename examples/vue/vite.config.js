import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [vue()],
  worker: { format: "es" },
  // Vite's development server would copy the package to where its worker and wasm files aren't.
  optimizeDeps: { exclude: ["tabrank"] },
});
