// `node tools/sizes.mjs`: bytes of what a browser downloads, raw, gzip (level 9) and brotli (quality 11).

import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../www/dist", import.meta.url));
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const row = (name, raw, gzip, br) => console.log(`${name.padEnd(44)} ${String(raw).padStart(10)} ${String(gzip).padStart(10)} ${String(br).padStart(10)}`);

row("file in www/dist", "raw", "gzip", "brotli");
const total = [0, 0, 0];
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
  if (/\.(wasm|js)$/.test(name)) sizes.forEach((size, i) => (total[i] += size));
}
row("engine and page: all wasm and js", ...total);
