// `node tools/sizes.mjs`: bytes of what a browser downloads, raw, gzip (level 9) and brotli (quality 11).

import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../www/dist", import.meta.url));
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const row = (name, raw, gzip, br) => console.log(`${name.padEnd(44)} ${String(raw).padStart(10)} ${String(gzip).padStart(10)} ${String(br).padStart(10)}`);

row("file in www/dist", "raw", "gzip", "brotli");
/** Of the engine's builds, a browser downloads one. */
const engine = (name) => (/tabrank_relaxed_bg.*\.wasm$/.test(name) ? "relaxed-simd" : "simd128");
/** What the search needs of the page; the rest comes when a lesson or the bench is opened. */
const first = (name) => /^assets\/(index|worker|evaluate|rolldown-runtime|preload-helper)[-.][^/]*\.js$/.test(name);
const later = [0, 0, 0];
const totals = { simd128: [0, 0, 0], "relaxed-simd": [0, 0, 0] };
for (const name of readdirSync(dist, { recursive: true }).sort()) {
  const file = path.join(dist, name);
  if (!statSync(file).isFile()) continue;
  const bytes = readFileSync(file);
  if (name.endsWith(".gguf")) {
    row(name, bytes.length, "", "");
    continue;
  }
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes)];
  row(name, ...sizes);
  if (name.endsWith(".js") && !first(name)) sizes.forEach((size, i) => (later[i] += size));
  for (const [build, total] of Object.entries(totals)) {
    if (first(name) || (name.endsWith(".wasm") && engine(name) === build)) sizes.forEach((size, i) => (total[i] += size));
  }
}
for (const [build, total] of Object.entries(totals)) row(`engine and search, ${build}: wasm and js`, ...total);
row("lessons, charts, bench, offline: js", ...later);
const { defaults, models } = JSON.parse(readFileSync(path.join(dist, "models/manifest.json"), "utf8"));
const [encoder, judge] = [defaults.bi_encoder, defaults.cross_encoder].map((id) => models.find((model) => model.id === id));
const twice = judge.shared?.parts.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
row("default models, what they share once", encoder.bytes + judge.bytes - twice, "", "");
