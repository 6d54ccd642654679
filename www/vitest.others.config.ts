import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["e2e/others/*.test.ts"],
    // Two browsers at once would only slow each other down; and what the command line says need be asked once only.
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    // What is waited for may take a reload of the models, or a first search, beside another browser.
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 120_000,
  },
});
