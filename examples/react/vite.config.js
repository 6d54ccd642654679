import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [react()],
  worker: { format: "es" },
  // Vite's development server would copy the package to where its worker and wasm files aren't.
  optimizeDeps: { exclude: ["tabrank"] },
});
