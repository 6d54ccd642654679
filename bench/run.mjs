// `node bench/run.mjs [--rounds N] [--quick] [--full]`: the benchmark itself. ./build.sh bench makes what it needs and runs it.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { accuracy, insistOnTokens, vectorAccuracy } from "./lib/accuracy.mjs";
import { launch } from "./lib/browser.mjs";
import { bundle, RUNTIMES } from "./lib/bundle.mjs";
import { enter, enterOwn, leave, ours, pageOf, theirs } from "./lib/contenders.mjs";
import { endurance } from "./lib/endurance.mjs";
import { machine, versions } from "./lib/machine.mjs";
import { bench, json, output, site } from "./lib/places.mjs";
import { ratios, table } from "./lib/report.mjs";
import { serve } from "./lib/server.mjs";
import { peakMemory, startup } from "./lib/startup.mjs";
import { alternate, bestOf, measure } from "./lib/timing.mjs";

const { values: options } = parseArgs({
  options: { rounds: { type: "string" }, quick: { type: "boolean", default: false }, full: { type: "boolean", default: false } },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error("--rounds must be a whole number from 1");
const say = (/** @type {string} */ line) => console.error(`  ${line}`);

/** @typedef {import("./lib/contenders.mjs").Workload} Workload */
/** @type {Record<"rerank_64" | "rerank_128" | "rerank_mixed" | "embed", Workload>} */
const workloads = json(path.join(output, "workloads.json"));
const tokens = Object.fromEntries(Object.entries(workloads).map(([name, load]) => [name, load.tokens.reduce((sum, n) => sum + n, 0)]));

await bundle();
const plain = await serve(site, false);
const isolated = await serve(site, true);
const browser = await launch();
try {
  const about = machine(browser);
  say(`${about.browser} on ${about.cpu}, ${about.cores} cores, load ${about.load}`);
  const page = await pageOf(browser, plain);

  // Which of onnxruntime-web's wasm files is the quicker one here.
  const candidates = [];
  for (const runtime of RUNTIMES) candidates.push(await enter(page, theirs(1, runtime)));
  const first = workloads.rerank_64;
  const tried = await alternate(candidates.map((contender) => ({ contender, batch: 8 })), first, options.quick ? 2 : 3);
  const least = tried.map((times) => Math.min(...times));
  const best = least.indexOf(Math.min(...least));
  const runtime = /** @type {string} */ (RUNTIMES[best]);
  const runtimes = RUNTIMES.map((name, i) => ({ file: `ort-wasm-simd-threaded${name}.wasm`, chosen: i === best, times_ms: tried[i] }));
  say(`quicker wasm file of onnxruntime-web: ${runtimes[best]?.file}`);
  for (const [i, candidate] of candidates.entries()) if (i !== best) await leave(candidate);

  const rival = /** @type {import("./lib/contenders.mjs").Contender} */ (candidates[best]);
  await insistOnTokens(rival, workloads);
  const own = await enter(page, ours(1));
  const single = [rival, own, await enterOwn(page, 1), await enterOwn(page, 1, true)];
  if (options.full) single.push(await enter(page, theirs(1, runtime, "fp32")));
  const onOne = await measure(single, workloads, rounds, say);
  const reference = json(path.join(output, "reference.json"));
  const logits = await accuracy([rival, own], workloads, reference);
  const embedded = workloads.embed;
  const vectors = await vectorAccuracy([{ contender: rival, batch: 1 }, { contender: rival, batch: 50 }, { contender: own, batch: 0 }], embedded, reference.embed);
  const { device } = await page.evaluate((key) => window.bench.info(key), own.key);
  await page.context().close();

  // Threads are to be had in an isolated page only; tabrank's workers need no such thing.
  const isolatedPage = await pageOf(browser, isolated);
  const plainPage = await pageOf(browser, plain);
  const double = [await enter(isolatedPage, theirs(2, runtime)), await enter(plainPage, ours(2)), await enterOwn(plainPage, 2), await enterOwn(plainPage, 2, true)];
  const { embed: _, ...reranking } = workloads; // of embedding, one worker's share is known by now
  const onTwo = await measure(double, reranking, rounds, say);
  await isolatedPage.context().close();
  await plainPage.context().close();

  say("startup and memory");
  const names = { tabrank: ours(1), ...Object.fromEntries(RUNTIMES.map((name) => [`transformers.js (ort-wasm-simd-threaded${name})`, theirs(1, name)])) };
  const started = await startup(browser, plain, names, options.quick ? 1 : 3);
  const runs = [...onOne, ...onTwo];
  const mixed = workloads.rerank_mixed;
  const work = (/** @type {number} */ workers) => [
    { load: mixed, batch: bestOf(runs, "rerank_mixed", workers)?.batch ?? 8 },
    { load: embedded, batch: bestOf(runs, "embed", 1)?.batch ?? 8 },
  ];
  /** @type {Record<string, Awaited<ReturnType<typeof peakMemory>>>} */
  const peak = { "the bare page": await peakMemory(plain, null, []) };
  for (const workers of [1, 2]) {
    peak[`tabrank, ${workers}`] = await peakMemory(plain, ours(workers), work(workers));
    peak[`transformers.js, ${workers}`] = await peakMemory(workers > 1 ? isolated : plain, theirs(workers, runtime), work(workers));
  }
  /** @type {any} */
  const memory = { peak };
  if (options.full) {
    say("2000 queries");
    const texts = first.texts.map((text) => text.split(" ").slice(0, 12).join(" "));
    const questions = Object.values(workloads).flatMap((load) => load.texts.map((text) => text.split(" ").slice(0, 8).join(" ")));
    memory.over_queries = await endurance(plain, questions, texts);
  }

  const result = {
    machine: about,
    date: new Date().toISOString().slice(0, 10),
    command: ["./build.sh bench", ...process.argv.slice(2)].join(" "),
    versions: versions(),
    device, // of tabrank, in its own words
    tokens,
    runs,
    ratios: ratios(runs),
    runtimes,
    ...started,
    memory,
    accuracy: { logits, vectors },
  };
  process.stdout.write(`\n${table(result)}`);
  const file = options.quick ? path.join(output, "quick.json") : path.join(bench, "results/cpu.json");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
  say(`written: ${path.relative(process.cwd(), file)}`);
} finally {
  await browser.close();
  plain.close();
  isolated.close();
}
