// `node tools/trained.mjs BASE TRAINED TARGET`: joins what was trained of our own cross-encoder (training/train.py) with its base, from which it has
// all else bit by bit, to a checkpoint as Hugging Face has them, which `tabrank convert` reads.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What the encoder's weights are called there, before the names that the base has for them. */
const ENCODER = "bert.";

/** @typedef {{ about: Record<string, string>, tensors: Map<string, { dtype: string, shape: number[], bytes: Buffer }> }} Content of a file of the format safetensors */

/** @param {string} file @returns {Content} */
function safetensors(file) {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: about = {}, ...header } = JSON.parse(bytes.toString("utf8", 8, start));
  const content = ([from, to]) => bytes.subarray(start + from, start + to);
  return { about, tensors: new Map(Object.entries(header).map(([name, { dtype, shape, data_offsets }]) => [name, { dtype, shape, bytes: content(data_offsets) }])) };
}

/** @param {Content} content */
function bytesOf({ about, tensors }) {
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: about };
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) header[name] = { dtype, shape, data_offsets: [at, (at += bytes.length)] };
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}

/**
 * The base's tensors without the layers that are left out; the others get the numbers that they have in `layers`.
 *
 * @param {Content["tensors"]} tensors @param {number[]} layers
 */
function withLayers(tensors, layers) {
  const named = [...tensors].map(([name, tensor]) => {
    const [, before, layer, after] = /^(encoder\.layer\.)(\d+)(\..+)$/.exec(name) ?? [];
    if (layer === undefined) return [name, tensor];
    const number = layers.indexOf(Number(layer));
    return number < 0 ? undefined : [`${before}${number}${after}`, tensor];
  });
  return new Map(named.filter((entry) => entry !== undefined));
}

/** @param {string} base the base's folder @param {string} trained file @param {string} target folder, made anew */
export function joinCheckpoint(base, trained, target) {
  const { about, tensors: ofBase } = safetensors(path.join(base, "model.safetensors"));
  const ours = safetensors(trained);
  const { head, layers: taken } = ours.about;
  if (head === undefined || taken === undefined) throw new Error(`${trained} doesn't say what its head and its layers are`);
  const layers = JSON.parse(taken);
  const tensors = withLayers(ofBase, layers);
  for (const [name, tensor] of ours.tensors) {
    if (!name.startsWith(ENCODER)) continue; // the head's, which head.json has
    const theirs = name.slice(ENCODER.length);
    if (`${tensors.get(theirs)?.shape}` !== `${tensor.shape}`) throw new Error(`${trained}: ${name} has no counterpart in ${base}`);
    tensors.set(theirs, tensor);
  }
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  copyFileSync(path.join(base, "tokenizer.json"), path.join(target, "tokenizer.json"));
  const config = JSON.parse(readFileSync(path.join(base, "config.json"), "utf8"));
  writeFileSync(path.join(target, "config.json"), JSON.stringify({ ...config, num_hidden_layers: layers.length }, null, 2));
  writeFileSync(path.join(target, "head.json"), head);
  writeFileSync(path.join(target, "model.safetensors"), bytesOf({ about, tensors }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [base, trained, target] = process.argv.slice(2);
  if (target === undefined) throw new Error("node tools/trained.mjs BASE TRAINED TARGET");
  joinCheckpoint(base, trained, target);
}
