// `node bench/gpu.mjs [--rounds N] [--quick]`: both engines on WebGPU, by Chromium's software adapter. ./build.sh bench --gpu runs it.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { launch } from "./lib/browser.mjs";
import { bundle } from "./lib/bundle.mjs";
import { enter, leave, once, ours, pageOf, theirs } from "./lib/contenders.mjs";
import { machine, versions } from "./lib/machine.mjs";
import { bench, json, output, site } from "./lib/places.mjs";
import { columns } from "./lib/report.mjs";
import { serve } from "./lib/server.mjs";
import { difference, median, round } from "./lib/statistics.mjs";
import { alternate } from "./lib/timing.mjs";

const { values: options } = parseArgs({ options: { rounds: { type: "string" }, quick: { type: "boolean", default: false } } });
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error("--rounds must be a whole number from 1");
const say = (/** @type {string} */ line) => console.error(`  ${line}`);

/** Passages that are scored: software takes long. */
const PASSAGES = 16;
/** How many of them at once go through the rival's model: whatever is best for it counts. Its fp32 takes too long to try. */
const BATCHES = { q8: [1, 8, PASSAGES], fp32: [PASSAGES] };
/** The runtime that has WebGPU. */
const RUNTIME = ".asyncify";

/** @type {import("./lib/contenders.mjs").Workload} */
const whole = json(path.join(output, "workloads.json")).rerank_64;
const load = { ...whole, texts: whole.texts.slice(0, PASSAGES), tokens: whole.tokens.slice(0, PASSAGES) };
/** @type {number[]} */
const exact = json(path.join(output, "reference.json")).rerank_64.slice(0, PASSAGES);

await bundle();
const server = await serve(site, false);
const browser = await launch(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
try {
  const about = machine(browser);
  say(`${about.browser} on ${about.cpu}, ${about.cores} cores, load ${about.load}`);
  const page = await pageOf(browser, server);
  const setups = [theirs(1, RUNTIME, "q8", "webgpu"), theirs(1, RUNTIME, "fp32", "webgpu"), ours(1, "webgpu"), ours(1, "webgpu", "fp32"), ours(1)];
  const entries = [];
  for (const setup of setups) {
    const contender = await enter(page, setup);
    // tabrank makes its batches itself.
    for (const batch of setup.engine === "tabrank" ? [0] : BATCHES[setup.dtype]) entries.push({ contender, batch });
    say(`loaded: ${setup.engine} ${setup.device} ${setup.dtype}`);
  }
  const own = entries.find(({ contender: { setup } }) => setup.engine === "tabrank" && setup.device === "webgpu");
  const { gpu } = await page.evaluate((key) => window.bench.info(key), /** @type {string} */ (own?.contender.key));
  if (/** @type {{ state: string }} */ (gpu).state !== "ready") throw new Error(`tabrank has no GPU: ${JSON.stringify(gpu)}`);
  const times = await alternate(entries, load, rounds);
  /** @type {{ engine: string, device: string, dtype: string, batch: number | "own", median_ms: number, times_ms: number[], logits: { max: number, mean: number } }[]} */
  const runs = [];
  for (const [i, { contender, batch }] of entries.entries()) {
    const { engine, device, dtype } = contender.setup;
    const { max, mean } = difference((await once(contender, load, batch)).logits, exact);
    const times_ms = times[i] ?? [];
    runs.push({ engine, device, dtype, batch: batch || "own", median_ms: round(median(times_ms), 1), times_ms, logits: { max: round(max, 4), mean: round(mean, 4) } });
  }
  for (const { contender } of entries) await leave(contender);
  const time = (/** @type {string} */ engine, /** @type {string} */ dtype) => {
    const same = runs.filter((run) => run.engine === engine && run.dtype === dtype && run.device === "webgpu");
    return Math.min(...same.map(({ median_ms }) => median_ms));
  };
  const ratios = {
    "transformers.js q8 / tabrank q8": round(time("transformers.js", "q8") / time("tabrank", "q8"), 2),
    "transformers.js fp32 / tabrank f32": round(time("transformers.js", "fp32") / time("tabrank", "fp32"), 2),
  };
  const tokens = load.tokens.reduce((sum, n) => sum + n, 0);
  const result = {
    machine: about,
    date: new Date().toISOString().slice(0, 10),
    command: ["./build.sh bench --gpu", ...process.argv.slice(2)].join(" "),
    versions: versions(),
    adapter: gpu,
    passages: PASSAGES,
    tokens,
    runs,
    ratios,
  };
  const rows = runs.map(({ engine, device, dtype, batch, median_ms, logits }) => [engine, device, dtype, batch, median_ms, logits.max, logits.mean]);
  process.stdout.write(`\n${columns([["engine", "device", "weights", "batch", "median ms", "logits against fp32: max", "mean"], ...rows])}\n\n`);
  process.stdout.write(`${columns([["times as fast", "", "ratio"], ...Object.entries(ratios).map(([name, ratio]) => [name, "", ratio])])}\n`);
  const file = options.quick ? path.join(output, "gpu-quick.json") : path.join(bench, "results/gpu.json");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
  say(`written: ${path.relative(process.cwd(), file)}`);
} finally {
  await browser.close();
  server.close();
}
