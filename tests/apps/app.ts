/** The package as npm packs it, installed into fresh apps. */

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject } from "vitest";
import { repository, type Watched } from "../../www/e2e/browser";
import { documents, query } from "./texts.js";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

/** Where the apps are made. The frameworks that they are built with are installed there, as tests/apps/package-lock.json pins them. */
export const folder = join(repository, "target", "apps");

/** Packs the package; resolves to the tarball. */
export async function pack(): Promise<string> {
  const stdout = await npm(["pack", "--workspace", "pkg", "--pack-destination", folder, "--json"], repository);
  const found = JSON.parse(stdout.slice(stdout.indexOf("\n[") + 1)) as { filename: string }[];
  return join(folder, found[0]?.filename ?? "");
}

/** Makes an app of the folder `source` and of `more` files, and installs the tarball into it. */
export async function install(name: string, source: string, more: readonly string[] = []): Promise<string> {
  const app = join(folder, name);
  await rm(app, { recursive: true, force: true });
  await mkdir(app, { recursive: true });
  await cp(source, app, { recursive: true });
  for (const file of more) await cp(join(here, file), join(app, file));
  // All else that it depends on lies one folder up.
  const { dependencies, devDependencies, ...rest } = JSON.parse(await readFile(join(source, "package.json"), "utf8")) as Record<string, unknown>;
  await pinned({ ...(dependencies as object), ...(devDependencies as object) });
  await writeFile(join(app, "package.json"), JSON.stringify(rest));
  await npm(["install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", inject("tarball")], app);
  return app;
}

/** An app's build for production. */
export async function build(app: string): Promise<void> {
  await npm(["run", "build"], app);
}

/** Puts the models beside a built page. */
export async function addModels(site: string): Promise<void> {
  await symlink(join(repository, "models"), join(site, "models"));
}

/** Runs a program in an app, with a folder of its own for what it keeps. */
export async function node(app: string, script: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, [script], { cwd: app, env: { ...process.env, TABRANK_CACHE_DIR: join(app, "cache"), ...env } });
  return stdout;
}

/** The logits of the texts of all apps, best first, as the command line computes them, in either build. */
export async function logits(): Promise<number[][]> {
  return Promise.all(
    ["simd128", "relaxed-simd"].map(async (build) => {
      const { stdout } = await run(join(repository, "target/release/tabrank"), ["rerank", "--json", "--build", build, query, ...documents], { cwd: repository });
      const results = JSON.parse(stdout) as { results?: { logit: number }[] } | { logit: number }[];
      return (Array.isArray(results) ? results : (results.results ?? [])).map(({ logit }) => Math.fround(logit)).sort((a, b) => b - a);
    }),
  );
}

/** Waits until a page has ended, and compares its logits with those of the command line, bit by bit. */
export async function expectLogits({ page, complaints }: Watched, end: RegExp): Promise<void> {
  const state = page.locator("#state");
  await expect.poll(() => state.textContent(), { timeout: 60_000 }).toMatch(new RegExp(`${end.source}|Error`));
  expect(await state.textContent()).toMatch(end);
  const found = () => page.locator("#results li").evaluateAll((items) => items.map((item) => Number(item.getAttribute("data-logit"))));
  await expect.poll(async () => (await found()).length).toBe(documents.length);
  expect(await logits()).toContainEqual(await found());
  expect(complaints).toEqual([]);
}

async function npm(parameters: string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await run("npm", parameters, { cwd, env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" }, maxBuffer: 1 << 26 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ${parameters.join(" ")} failed in ${cwd}:\n${stdout}\n${stderr}`);
  }
}

/** What an example says that it needs is what the lock file has. */
async function pinned(wanted: Record<string, string>): Promise<void> {
  const { devDependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
  for (const [name, version] of Object.entries(wanted)) {
    if (name !== "tabrank") expect({ [name]: version }).toEqual({ [name]: devDependencies[name] });
  }
}
