/** The package as others see it before they run it: what is in it, how large it is, and whether its types hold. */

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { repository } from "../../www/e2e/browser";
import { folder, install } from "./app";

const run = promisify(execFile);
let app: string;
const tarball = inject("tarball");

beforeAll(async () => {
  app = await install("types", join(repository, "tests/apps/types"));
});

/** Runs a checker, and fails with what it says if it isn't content. */
async function check(name: string, parameters: string[]): Promise<string> {
  const { stdout } = await run(join(folder, "node_modules/.bin", name), parameters, { maxBuffer: 1 << 26 }).catch(({ stdout, stderr }) =>
    expect.unreachable(`${stdout}\n${stderr}`),
  );
  return stdout;
}

test("publint has nothing to say", async () => {
  expect(await check("publint", [tarball, "--strict"])).toContain("All good!");
});

test("its types are found in every way in which modules are resolved", async () => {
  // Only modules, no CommonJS: that require() finds none is as it should be.
  await check("attw", ["--profile", "esm-only", "--exclude-entrypoints", "wasm", "wasm/relaxed-simd", "--", tarball]);
});

test.each(["bundler", "nodenext"])("its types hold, modules being resolved as by %s", async (resolution) => {
  const configuration = {
    compilerOptions: {
      target: "es2022",
      lib: ["es2022", "dom", "dom.asynciterable"],
      types: [],
      module: resolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution: resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      // Those of other packages have errors of their own.
      skipLibCheck: true,
      noEmit: true,
    },
    files: ["uses.ts"],
  };
  await writeFile(join(app, "tsconfig.json"), JSON.stringify(configuration));
  await run(join(repository, "node_modules/.bin/tsc"), ["-p", app]).catch(({ stdout }: { stdout: string }) => expect.unreachable(stdout));
});

describe("it is small:", () => {
  const compressed = async (...names: string[]) => {
    const files = await Promise.all(names.map((name) => readFile(join(app, "node_modules/tabrank", name))));
    return files.reduce((sum, file) => sum + brotliCompressSync(file).length, 0);
  };

  test("the engine", async () => {
    // A page fetches one of them.
    for (const name of ["wasm/tabrank_bg.wasm", "wasm/tabrank_relaxed_bg.wasm"]) expect(await compressed(name)).toBeLessThan(400_000);
  });

  test("the tarball", async () => {
    expect((await readFile(tarball)).length).toBeLessThan(1_300_000);
  });

  test("and there is in it what belongs there", async () => {
    const { stdout } = await run("tar", ["-tzf", tarball]);
    const names = stdout.trim().split("\n").map((name) => name.replace("package/", ""));
    expect(names.filter((name) => !/^(dist|wasm)\//.test(name)).sort()).toEqual(["LICENSE", "README.md", "THIRD-PARTY.md", "package.json"]);
    expect(names.filter((name) => !/\.(js|d\.ts|wasm|md|json)$|LICENSE$/.test(name))).toEqual([]);
    const { scripts = {}, dependencies = {} } = JSON.parse(await readFile(join(app, "node_modules/tabrank/package.json"), "utf8")) as Record<string, object>;
    expect(Object.keys(scripts).filter((name) => /install/.test(name))).toEqual([]);
    expect(dependencies).toEqual({});
  });
});
