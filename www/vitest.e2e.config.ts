import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["e2e/*.test.ts"],
    // Each test loads models into a browser of its own, which keeps the processor busy but for pauses; two at once fill these.
    maxWorkers: 2,
    testTimeout: 120_000,
    // What is waited for may take a reload of the models, or a first search, beside another browser.
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 120_000,
  },
});
