// `node bench/dense/run.mjs [N] [WIDTH]`: milliseconds per search of the dense index, embedding of the query apart, in
// Node.js and in a worker of headless Chromium. Wants bench_dense.wasm, which this command makes:
//
//   cargo build --profile wasm --package bench-dense --lib --target wasm32-unknown-unknown
//
// Prints one checksum for each k; it is the same everywhere, also natively (`cargo run --release -p bench-dense`).

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [n = 100_000, width = 384] = process.argv.slice(2).map(Number);
const wasm = readFileSync(fileURLToPath(new URL("../../target/wasm32-unknown-unknown/wasm/bench_dense.wasm", import.meta.url)));

/** Runs in Node.js and, as text, in the worker. */
function measure(bytes, n, width) {
  const module = new WebAssembly.Module(bytes);
  // The library's exports for pages come along and are never called; what they import is not there.
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => {
      throw new Error(`${from}.${name} was called`);
    };
  }
  const { dense_prepare, dense_search, dense_check } = new WebAssembly.Instance(module, imports).exports;
  const wrong = dense_check(70);
  dense_prepare(n, width);
  const rows = [50, 1000, n].map((k) => {
    const times = [];
    let sum;
    for (let seed = 1; seed <= 21; seed++) {
      const start = performance.now();
      const result = dense_search(seed, k) >>> 0;
      times.push(performance.now() - start);
      sum ??= result;
    }
    times.sort((a, b) => a - b);
    return { k, median: times[10], best: times[0], sum };
  });
  return { wrong, rows };
}

let failed = false;
function report(where, { wrong, rows }) {
  for (const { k, median, best, sum } of rows) {
    console.log(
      `${where.padEnd(8)} ${n} x ${width}, k = ${k}: median ${median.toFixed(2)} ms, best ${best.toFixed(2)} ms, checksum ${sum.toString(16).padStart(8, "0")}`,
    );
  }
  console.log(`${where.padEnd(8)} results of the kernel that differ from its plain twin's: ${wrong}`);
  failed ||= wrong !== 0;
}

report("node", measure(wasm, n, width));

const worker = `${measure}; onmessage = async ({ data }) => {
  try { postMessage(measure(await (await fetch("/wasm")).arrayBuffer(), ...data)); }
  catch (error) { postMessage({ error: String(error) }); }
};`;
const server = createServer((request, response) => {
  const [type, body] = { "/wasm": ["application/wasm", wasm], "/worker.js": ["text/javascript", worker] }[request.url] ?? ["text/html", "<!doctype html>"];
  response.writeHead(200, { "content-type": type }).end(body);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const result = await page.evaluate(
    (size) =>
      new Promise((done) => {
        const worker = new Worker("/worker.js");
        worker.onmessage = ({ data }) => done(data);
        worker.postMessage(size);
      }),
    [n, width],
  );
  if (result.error) throw new Error(result.error);
  report("chromium", result);
} finally {
  await browser.close();
  server.close();
}
process.exit(failed ? 1 : 0);
