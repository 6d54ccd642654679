// `./build.sh kernels [--node]`: speed of the kernels, in headless Chromium or in Node.js.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../target/bench/", import.meta.url));
/** The kernels as both builds of the engine have them. */
const builds = { simd128: readFileSync(`${folder}kernels.wasm`), "relaxed-simd": readFileSync(`${folder}kernels_relaxed.wasm`) };

/** Runs where the engine runs. Each case is timed in bursts of 12 to 24 ms; the quickest counts. */
async function measure(build, bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const kernels = instance.exports;
  const time = (prepare, ...shape) => {
    const prepared = kernels[prepare](...shape);
    const burst = (times) => {
      const start = performance.now();
      kernels.run(prepared, times);
      return performance.now() - start;
    };
    burst(1);
    let times = 1;
    // One burst may be long because something else ran: the shorter of three decides.
    while (Math.min(burst(times), burst(times), burst(times)) < 12) times *= 2;
    let best = Infinity;
    for (let i = 0; i < 25; i++) best = Math.min(best, burst(times));
    return best / times;
  };
  const rows = [];
  // Of the relaxed build, only what differs.
  const [products, others] = build === "simd128" ? [["gemm_i16", "strassen_1", "strassen_2", "gemm_f32"], true] : [["gemm_i8"], false];
  for (const kernel of products) {
    for (const [m, k, n] of [[128, 384, 1152], [128, 384, 384], [128, 384, 1536], [128, 1536, 384], [64, 384, 1536], [4, 384, 384]]) {
      const ms = time(`prepare_${kernel}`, m, k, n);
      rows.push([kernel, `${m} x ${k} x ${n}`, `${((2 * m * k * n) / ms / 1e6).toFixed(1)} Gop/s`]);
    }
  }
  if (!others) {
    for (const [m, n] of [[64, 384], [16, 1536]]) rows.push(["planes", `${m} x ${n}`, `${((time("prepare_planes", m, n, 0) * 1e6) / (m * n)).toFixed(2)} ns a value`]);
    return rows;
  }
  for (const [kernel, m, n] of [["gelu", 32, 1536], ["softmax", 64, 64], ["softmax", 64, 128], ["norm", 64, 384], ["quantize", 64, 384], ["quantize", 16, 1536]]) {
    const ms = time(`prepare_${kernel}`, m, n, 0);
    rows.push([kernel, `${m} x ${n}`, `${((ms * 1e6) / (m * n)).toFixed(2)} ns a value`]);
  }
  for (const tokens of [64, 85, 128]) {
    const ms = time("prepare_attention", tokens, 12, 32);
    rows.push(["attention", `${tokens} tokens`, `${(ms * 1e3).toFixed(0)} µs`]);
  }
  return rows;
}

const rows = [];
if (process.argv.includes("--node")) {
  for (const [build, bytes] of Object.entries(builds)) {
    // Node.js 20 has relaxed SIMD behind a flag.
    if (WebAssembly.validate(bytes)) rows.push(...(await measure(build, bytes)));
  }
} else {
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage();
  for (const [build, bytes] of Object.entries(builds)) {
    rows.push(...(await page.evaluate(`(${measure})("${build}", new Uint8Array(${JSON.stringify([...bytes])}))`)));
  }
  console.log(`Chromium ${browser.version()}`);
  await browser.close();
}
for (const [kernel, shape, speed] of rows) console.log(`${kernel.padEnd(10)} ${shape.padEnd(18)} ${speed.padStart(18)}`);
