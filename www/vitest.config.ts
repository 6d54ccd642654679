import { defineConfig, mergeConfig } from "vitest/config";
import page from "./vite.config.ts";

// With the page's plugins: the tests read the lessons as the page does.
export default mergeConfig(page, defineConfig({ test: { include: ["test/**/*.test.ts"] } }));
