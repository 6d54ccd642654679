/** The browser, the built page in it, and the command line that its numbers are held against. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import type { Build } from "tabrank";

/** The repository. */
export const repository = fileURLToPath(new URL("../..", import.meta.url));
/** The built site; the variable SITE sets another folder. */
export const site = process.env["SITE"] ?? fileURLToPath(new URL("../dist", import.meta.url));

const executable = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const commandLine = `${repository}target/release/tabrank`;

/** Says what has to be built first, rather than letting every test run into it. */
export function insistOnBuild(): void {
  const missing = [`${site}/index.html`, `${site}/models/manifest.json`, commandLine, executable].filter((path) => !existsSync(path));
  if (missing.length > 0) throw new Error(`Missing: ${missing.join(", ")}. Build the command line, the models and the site first.`);
}

/** Starts the browser. */
export function launch(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: executable,
    args: [
      "--no-sandbox",
      ...(more.some((flag) => flag.includes("webgpu")) ? [] : ["--disable-gpu"]),
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

/** A page with what it complained of and what it asked for. */
export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, and errors that nobody caught. */
  readonly complaints: string[];
  /** Addresses of all requests, those of its workers included. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Opens a page in a context of its own, so that nothing is kept from one test to the next. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  beforehand?: (page: Page) => Promise<unknown>,
): Promise<Watched> {
  // What a service worker answers, tests of the network would neither see nor be able to disturb.
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block", ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    // Of what is blocked above, playwright itself complains.
    if (message.text().includes("Service Worker registration blocked by Playwright")) return;
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  context.on("request", (request) => requests.push(request.url()));
  if (beforehand !== undefined) await beforehand(page);
  await page.goto(url);
  return { page, complaints, requests, close: () => context.close() };
}

/** Waits until a search can be stopped. Looks at every frame: a quick one is over in less than a second. */
export async function stoppable(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector("#stop")?.checkVisibility(), undefined, { timeout: 90_000 });
}

/** Waits until a search for this question has been shown; `rest` stands for what the page leaves out of a long one. */
export async function shown(page: Page, question: string, rest = ""): Promise<void> {
  await page.waitForFunction(
    (asked) =>
      document.querySelector("#verdict .asked")?.textContent === asked &&
      document.querySelector("#rankings")?.getAttribute("aria-busy") === "false",
    `“${question}${rest}”`,
    { timeout: 90_000 },
  );
}

/** A passage and its unrounded score. */
export interface Score {
  readonly id: string;
  readonly score: number;
}

/** The entries of one column as they stand on the page. */
export function column(page: Page, id: "scout" | "judge"): Promise<Score[]> {
  return page.locator(`#${id} [data-id]`).evaluateAll((items) =>
    items.map((item) => ({ id: item.getAttribute("data-id") ?? "", score: Number(item.getAttribute("data-exact")) })),
  );
}

/** Which build the page chose on this machine, by what it says once something was shown. */
export async function buildOf(page: Page): Promise<Build> {
  return (await page.locator("#engine").textContent())?.includes("relaxed-simd") ? "relaxed-simd" : "simd128";
}

/**
 * What the command line says of the same search, computing as a build does; with the shipped index, or with another one. Its
 * decimals are the shortest that give a 32-bit float back; the page holds that float itself.
 */
export async function native(
  question: string,
  pool: number,
  topK: number,
  build: Build,
  index?: string,
): Promise<{ scout: Score[]; judge: Score[] }> {
  const stdout = await tabrank([
    "search", "--json", "--build", build, "--pool", String(pool), "--top-k", String(topK), ...(index === undefined ? [] : ["--index", index]), question,
  ]);
  const result = JSON.parse(stdout) as {
    retrieved: { id: string; cosine: number }[];
    reranked: { id: string; logit: number }[];
  };
  return {
    scout: result.retrieved.map(({ id, cosine }) => ({ id, score: Math.fround(cosine) })),
    judge: result.reranked.map(({ id, logit }) => ({ id, score: Math.fround(logit) })),
  };
}

/**
 * Calls `use` with the index that a build makes of the shipped corpus: the shipped one was made by `simd128`, and vectors of
 * the other build differ in their last decimals.
 */
export async function withIndexOf<T>(build: Build, use: (index?: string) => Promise<T>): Promise<T> {
  if (build === "simd128") return use();
  const folder = await mkdtemp(join(tmpdir(), "tabrank-index-"));
  try {
    const index = join(folder, "index.safetensors");
    await tabrank(["index", "--build", build, "--out", index]);
    return await use(index);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the command line prints. */
async function tabrank(args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(commandLine, args, { cwd: repository })).stdout;
}
