// `node tools/shared.mjs`: finds what the files of our own models have in common with that of the bi-encoder that they were trained from, and
// writes it into models/manifest.json, so that who loads two fetches it once. `--check`: only says whether what stands there is right. To be
// run anew when one of the files has changed.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Shorter parts aren't worth a request. */
const LEAST = 1 << 17;
/** Distance of the places that are looked for, and how many bytes of each. */
const [STEP, LENGTH] = [LEAST >> 1, 64];

/** Parts of `borrower` that are in `lender` as well, from the beginning on, none longer than it has to be: `at` in the one, `there` in the other. */
function sharedParts(lender, borrower) {
  const parts = [];
  for (let place = STEP; place + LENGTH <= borrower.length; place += STEP) {
    const last = parts.at(-1);
    if (last && place < last.at + last.bytes) continue;
    const found = lender.indexOf(borrower.subarray(place, place + LENGTH));
    if (found < 0) continue;
    const least = last ? last.at + last.bytes : 0;
    let [at, there] = [place, found];
    while (at > least && there > 0 && borrower[at - 1] === lender[there - 1]) [at, there] = [at - 1, there - 1];
    let bytes = place - at;
    while (at + bytes < borrower.length && borrower[at + bytes] === lender[there + bytes]) bytes++;
    // A download begins with an answer of the server: it tells whether ranges can be had.
    const fetched = at === 0 ? 1 : 0;
    if (bytes >= LEAST) parts.push({ at: at + fetched, there: there + fetched, bytes: bytes - fetched });
  }
  return parts;
}

const path = (name) => fileURLToPath(new URL(`../models/${name}`, import.meta.url));
const text = readFileSync(path("manifest.json"), "utf8");
const manifest = JSON.parse(text);
const entry = (id) => manifest.models.find((model) => model.id === id);
const borrowers = manifest.models.filter((model) => model.trained);
for (const borrower of borrowers) {
  const lender = entry(borrower.trained.base);
  borrower.shared = { with: lender.id, sha256: lender.sha256, parts: sharedParts(readFileSync(path(lender.file)), readFileSync(path(borrower.file))) };
}
const changed = `${JSON.stringify(manifest, null, 2)}\n`;
if (process.argv.includes("--check")) {
  if (changed !== text) {
    console.error("error: models/manifest.json doesn't say what our own models' files share with their bases': run node tools/shared.mjs");
    process.exit(1);
  }
} else {
  writeFileSync(path("manifest.json"), changed);
  for (const { file, bytes, shared } of borrowers) {
    const known = shared.parts.reduce((sum, part) => sum + part.bytes, 0);
    console.log(`${file}: ${known} of ${bytes} bytes, in ${shared.parts.length} parts, are in the file of ${shared.with} as well`);
  }
}
