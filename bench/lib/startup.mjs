// From nothing to ready, the bytes on the way, and the memory in the end.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { launch, open, rendererMemory } from "./browser.mjs";
import { enter, once } from "./contenders.mjs";
import { json, output, site } from "./places.mjs";
import { median, round } from "./statistics.mjs";

/** @typedef {import("./contenders.mjs").Setup} Setup */
/** @typedef {import("./contenders.mjs").Workload} Workload */

/** Bytes at the highest level, which takes a minute for the rival's wasm and so is noted. @param {Buffer} bytes */
function brotli(bytes) {
  const notes = path.join(output, "brotli.json");
  /** @type {Record<string, number>} */
  const noted = existsSync(notes) ? json(notes) : {};
  const key = createHash("sha256").update(bytes).digest("hex");
  noted[key] ??= brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  writeFileSync(notes, JSON.stringify(noted));
  return noted[key];
}

/** @param {readonly string[]} files */
function bytesOf(files) {
  const sum = { engine_raw: 0, engine_brotli: 0, models: 0 };
  for (const file of new Set(files)) {
    const bytes = readFileSync(path.join(site, file));
    if (file.startsWith("models/")) {
      sum.models += bytes.length;
    } else if (/\.(js|mjs|wasm)$/.test(file)) {
      sum.engine_raw += bytes.length;
      sum.engine_brotli += brotli(bytes);
    }
  }
  return sum;
}

/**
 * A page that loads one engine with cross-encoder and bi-encoder, opened `times` times in a context that knows nothing:
 * milliseconds from navigation to ready, and the bytes of the files that were asked for.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {{ url: string, served: string[] }} server
 * @param {Readonly<Record<string, Setup>>} setups
 * @param {number} times
 */
export async function startup(browser, server, setups, times) {
  /** @type {Record<string, number[]>} */
  const ready = {};
  /** @type {Record<string, ReturnType<typeof bytesOf>>} */
  const bytes = {};
  for (let i = 0; i < times; i++) {
    for (const [name, setup] of Object.entries(setups)) {
      server.served.length = 0;
      const page = await open(browser, `${server.url}?ready=${encodeURIComponent(JSON.stringify(setup))}`);
      const ms = await page.evaluate(() => window.bench.ready);
      if (ms === null) throw new Error("the page was not asked to get ready");
      (ready[name] ??= []).push(round(ms, 1));
      bytes[name] ??= bytesOf(server.served);
      await page.context().close();
    }
  }
  const ready_ms = Object.fromEntries(Object.entries(ready).map(([name, all]) => [name, { median: round(median(all), 1), times: all }]));
  return { ready_ms, bytes };
}

/**
 * Peak memory of the renderer, in a browser of its own, after both models have done some work; in MiB.
 *
 * @param {{ url: string }} server
 * @param {Setup | null} setup null for the bare page
 * @param {readonly { load: Workload, batch: number }[]} work
 */
export async function peakMemory(server, setup, work) {
  const browser = await launch();
  try {
    const page = await open(browser, server.url);
    let info = null;
    if (setup !== null) {
      const contender = await enter(page, setup);
      for (const { load, batch } of work) await once(contender, load, batch);
      info = await page.evaluate((key) => window.bench.info(key), contender.key);
    }
    const renderer = await rendererMemory(browser);
    const wasm = info?.["memory"]; // of tabrank's workers together
    return {
      renderer_peak_mib: renderer === null ? null : Math.round(renderer.peak),
      ...(typeof wasm === "number" ? { wasm_mib: Math.round(wasm / 2 ** 20) } : {}),
    };
  } finally {
    await browser.close();
  }
}
