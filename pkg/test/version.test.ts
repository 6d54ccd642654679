import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VERSION } from "../src/version.js";

test("the version is the same everywhere", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  expect(JSON.parse(read("../package.json"))).toMatchObject({ version: VERSION });
  expect(/^version = "(.*)"$/m.exec(read("../../Cargo.toml"))?.[1]).toBe(VERSION);
});
