import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["*.test.ts"],
    globalSetup: "setup.ts",
    // Bundlers and package managers pause now and then; two files at once fill these pauses.
    maxWorkers: 2,
    testTimeout: 120_000,
    // What is waited for may take a reload of the models, or a first search, beside another browser.
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 300_000,
  },
});
