// Our own cross-encoder lies in the repository as what was trained of it, in 16 bits; all else it has from its base, bit by bit. `join` makes
// a checkpoint of the two, as Hugging Face has them: what `tabrank convert` reads and the tests hold the engine against.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What the encoder's weights are called there, before the names that the base has for them. */
const ENCODER = "bert.";

/** @param {string} file of the format safetensors @returns {{ about: Record<string, string>, tensors: Map<string, { dtype: string, shape: number[], bytes: Buffer }> }} */
function safetensors(file) {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: about = {}, ...header } = JSON.parse(bytes.toString("utf8", 8, start));
  const tensors = Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => [name, { dtype, shape, bytes: bytes.subarray(start + from, start + to) }]);
  return { about, tensors: new Map(tensors) };
}

/** @param {Map<string, { dtype: string, shape: number[], bytes: Buffer }>} tensors */
function bytesOf(tensors) {
  /** @type {Record<string, unknown>} */
  const header = {};
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) header[name] = { dtype, shape, data_offsets: [at, (at += bytes.length)] };
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}

/** @param {string} base the base's folder @param {string} trained file @param {string} target folder */
export function join(base, trained, target) {
  const { tensors } = safetensors(path.join(base, "model.safetensors"));
  const ours = safetensors(trained);
  for (const [name, tensor] of ours.tensors) {
    if (!name.startsWith(ENCODER)) continue; // the head's, which head.json has
    const theirs = name.slice(ENCODER.length);
    if (`${tensors.get(theirs)?.shape}` !== `${tensor.shape}`) throw new Error(`${trained}: ${name} has no counterpart in ${base}`);
    tensors.set(theirs, tensor);
  }
  mkdirSync(target, { recursive: true });
  for (const file of ["config.json", "tokenizer.json"]) copyFileSync(path.join(base, file), path.join(target, file));
  writeFileSync(path.join(target, "head.json"), ours.about.head);
  writeFileSync(path.join(target, "model.safetensors"), bytesOf(tensors));
}
