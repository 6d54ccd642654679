// `node tools/record.mjs [LESSON.NUMBER ...]`: runs the exhibits of the lessons as they stand at first, with the package as Node has
// it, and writes what they give to www/lessons/recorded/, to be shown until the reader's own run is there. Without names: those that
// are missing, or not of the present exhibits, corpus and models any more. `--all`: all of them.
//
// Needs the package (npm run build --workspace pkg, after ./build.sh wasm) and the models (./build.sh models).

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createServer } from "vite";
import { load } from "tabrank";
import { openEvaluator } from "tabrank/evaluate";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = path.join(root, "www/lessons/recorded");
const models = pathToFileURL(path.join(root, "models/"));
const bytes = (file) => readFileSync(path.join(root, file));
const sha256 = (file) => createHash("sha256").update(bytes(file)).digest("hex");

const all = process.argv.includes("--all");
const names = process.argv.slice(2).filter((argument) => argument !== "--all");

const manifest = JSON.parse(bytes("models/manifest.json"));
const corpusHashes = { passages: sha256("corpus/passages.jsonl"), queries: sha256("corpus/queries.jsonl") };
const hashes = new Map(manifest.models.map(({ id, sha256 }) => [id, sha256]));

// The exhibits are the page's own modules; Vite makes them readable for Node as it makes them readable for browsers.
const vite = await createServer({
  configFile: path.join(root, "www/vite.config.ts"),
  server: { middlewareMode: true, watch: null, hmr: false },
  ssr: { external: ["tabrank", "tabrank/evaluate"] },
  appType: "custom",
  logLevel: "error",
});

/** The models of the manifest, loaded as they are needed; which of them took part in a run. */
class NodeLab {
  used = new Set();
  #rankers = new Map();
  #evaluator;

  constructor(corpus) {
    this.corpus = corpus;
    this.manifest = manifest;
  }

  async ranker() {
    const { bi_encoder, cross_encoder } = manifest.defaults;
    this.used.add(bi_encoder).add(cross_encoder);
    return this.#load("", {}, async (ranker) => {
      const { buffer, byteOffset, byteLength } = bytes("models/index.safetensors");
      const prebuilt = buffer.slice(byteOffset, byteOffset + byteLength);
      await ranker.index(this.corpus.passages.map(({ id, text }) => ({ id, text })), { prebuilt });
    });
  }

  async reranker(model) {
    if (model === manifest.defaults.cross_encoder) return this.ranker();
    this.used.add(model);
    return this.#load(model, { biEncoder: null, crossEncoder: model });
  }

  evaluator() {
    this.#evaluator ??= openEvaluator();
    return this.#evaluator;
  }

  recorded() {
    return Promise.resolve(undefined);
  }

  async end() {
    (await this.#evaluator)?.dispose();
    for (const ranker of this.#rankers.values()) ranker.dispose();
  }

  async #load(key, which, prepare) {
    const known = this.#rankers.get(key);
    if (known !== undefined) return known;
    const ranker = await load({ ...which, modelsUrl: models, build: "simd128", device: "cpu", scoreCache: 50_000 });
    this.#rankers.set(key, ranker);
    await prepare?.(ranker);
    return ranker;
  }
}

try {
  const { Corpus, parseJsonLines } = await vite.ssrLoadModule("/src/corpus.ts");
  const { outdated } = await vite.ssrLoadModule("/src/lessons/recorded.ts");
  const { hubModelOf, recordables, runOnce } = await vite.ssrLoadModule("/src/lessons/recording.ts");
  const lines = (name) => parseJsonLines(bytes(`corpus/${name}`).toString(), name);
  const corpus = new Corpus(lines("passages.jsonl"), lines("queries.jsonl"));
  const exhibits = await recordables(corpus);
  const unknown = names.filter((name) => !exhibits.some((exhibit) => exhibit.name === name));
  if (unknown.length > 0) throw new Error(`there is no exhibit ${unknown.join(", ")}; there are ${exhibits.map(({ name }) => name).join(", ")}`);

  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (exhibits.some(({ name }) => file === `${name}.json`)) continue;
    rmSync(path.join(folder, file));
    console.log(`${file}: removed, as there is no such exhibit`);
  }
  const lab = new NodeLab(corpus);
  for (const exhibit of exhibits) {
    const { name, input } = exhibit;
    const hubModel = hubModelOf(exhibit, manifest);
    if (hubModel !== undefined) {
      console.log(`${name}: not recorded, as only the hub has ${hubModel}`);
      continue;
    }
    const file = path.join(folder, `${name}.json`);
    const kept = existsSync(file) ? outdated(JSON.parse(readFileSync(file, "utf8")), { input, corpus: corpusHashes, models: hashes }) : "not recorded yet";
    if (names.length > 0 ? !names.includes(name) : kept === undefined && !all) continue;
    const start = performance.now();
    lab.used.clear();
    const run = await runOnce(exhibit, lab, (done, total) => {
      if (process.stdout.isTTY) process.stdout.write(`\r${name}: ${done} of ${total} `);
    });
    const { version, build } = (await lab.ranker()).info();
    const recorded = {
      made: new Date().toISOString().slice(0, 10),
      version,
      build,
      device: run.device,
      models: Object.fromEntries([...lab.used].map((id) => [id, hashes.get(id)])),
      corpus: corpusHashes,
      input: run.input,
      data: run.data,
    };
    writeFileSync(file, `${JSON.stringify(recorded)}\n`);
    console.log(`\r${name}: recorded in ${((performance.now() - start) / 1000).toFixed(1)} s (${kept ?? "asked for"})`);
  }
  await lab.end();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await vite.close();
}
