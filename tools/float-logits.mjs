// `node tools/float-logits.mjs`: takes some of the reference's logits (tests/fixtures/logits.jsonl, computed by PyTorch in f32) for the
// lesson that holds the 8-bit model against them, and writes www/src/lessons/exhibits/quantized/float-logits.json. `--check`: only says
// whether that file is the present one. To be run anew when the fixtures or the default cross-encoder have changed.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Pairs that are shown: as many as can be told apart in a drawing, and read in about a second. */
const PAIRS = 60;

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const target = path("www/src/lessons/exhibits/quantized/float-logits.json");

const lines = readFileSync(path("tests/fixtures/logits.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
// Pairs of the library; the others are texts made up to be difficult.
const pairs = lines.filter(({ query, passage }) => query !== undefined && passage !== undefined).sort((a, b) => a.logit - b.logit);
if (pairs.length < PAIRS) throw new Error(`tests/fixtures/logits.jsonl holds ${pairs.length} pairs of the library, but ${PAIRS} are wanted`);
const [low, high] = [pairs[0].logit, pairs.at(-1).logit];
// Equal steps through the range, each with the nearest pair that isn't taken yet; most pairs lie in its lower half.
const left = [...pairs];
const chosen = Array.from({ length: PAIRS }, (_, i) => {
  const wanted = low + ((high - low) * i) / (PAIRS - 1);
  const distances = left.map(({ logit }) => Math.abs(logit - wanted));
  return left.splice(distances.indexOf(Math.min(...distances)), 1)[0];
}).sort((a, b) => a.logit - b.logit);

const manifest = JSON.parse(readFileSync(path("models/manifest.json"), "utf8"));
const model = manifest.models.find(({ id }) => id === manifest.defaults.cross_encoder);
const content = {
  // The logits are those of this model's weights before they were cut to 8 bits.
  model: model.id,
  sha256: model.sha256,
  pairs: chosen.map(({ query, passage, logit }) => ({ query, passage, logit: Number(logit.toFixed(5)) })),
};
const text = `${JSON.stringify(content, null, 1)}\n`;

if (!process.argv.includes("--check")) writeFileSync(target, text);
else if (readFileSync(target, "utf8") !== text) {
  console.error("error: float-logits.json is not made of the present fixtures and manifest; run node tools/float-logits.mjs");
  process.exitCode = 1;
}
