/** Makes a model file of a checkpoint's original files, while its weights arrive. Only the result is kept: it is much the smaller. */

import { download, verify } from "./download.js";
import type { CheckpointTexts, ConvertExtras } from "./engine.js";
import { aborted, ManifestError, ModelIntegrityError, ModelUnavailableError, UnsupportedBrowserError } from "./errors.js";
import { takeKept } from "./kept.js";
import { convertedKey } from "./keys.js";
import { verifiable } from "./manifest.js";
import { hexadecimal, HeapRoom, type Bytes, type Room } from "./room.js";
import { reporter, type ModelFile, type Supply } from "./supply.js";
import type { ManifestEntry, Origin } from "./types.js";

/** A file of the hub, at a commit. One of the hashes must be known. */
export type Part = Origin["files"][number] & {
  /** What Git calls its content: a SHA-1. */
  blob?: string;
};

/** A checkpoint on the hub. */
export interface Checkpoint {
  /** Id of the model. */
  id: string;
  /** Where its converted file would be if there were one, and what it must be, as far as that is known. */
  url: URL;
  file: string;
  bytes: number | null;
  sha256: string | null;
  parts: readonly Part[];
  extras: ConvertExtras;
}

/** The small files, by where the engine wants them. */
const texts: Readonly<Record<keyof CheckpointTexts, string>> = {
  config: "config.json",
  tokenizer: "tokenizer.json",
  modules: "modules.json",
  pooling: "1_Pooling/config.json",
  sentence_bert: "sentence_bert_config.json",
  head: "head.json",
};

/** The weights. */
export const WEIGHTS = "model.safetensors";

/** Names of all files that are read of a checkpoint. */
export const partNames: readonly string[] = [...Object.values(texts), WEIGHTS];

/** A manifest's model as a checkpoint. */
export function checkpointOf(entry: ManifestEntry, { models }: Pick<Supply, "models">): Checkpoint {
  const { id, file, bytes, sha256, origin, role, quantization, licence, pooling, max_tokens, query_prefix, activation } = entry;
  if (!origin || !verifiable(origin)) throw unverifiable(entry);
  const extras = {
    id,
    role,
    quantization,
    licence,
    max_tokens,
    activation,
    ...(pooling === null ? {} : { pooling }),
    ...(query_prefix === undefined ? {} : { query_prefix }),
  };
  return { id, url: new URL(file, models), file, bytes, sha256, parts: origin.files, extras };
}

/** Under what address a checkpoint's converted file is kept. */
export function keyOf({ url, parts, extras }: Checkpoint, digest: Supply["digest"]): Promise<URL> {
  return convertedKey(url, parts.map(({ sha256, blob }) => sha256 ?? blob), extras, digest);
}

/** Gets the file that is made of a checkpoint. */
export async function convertCheckpoint(checkpoint: Checkpoint, supply: Supply): Promise<ModelFile> {
  const { store, digest, signal, makeConverter } = supply;
  const { id, file, bytes: expectedBytes, extras } = checkpoint;
  const key = await keyOf(checkpoint, digest);
  const kept = await takeKept(key, { ...checkpoint, name: id }, supply);
  if (kept) return kept;
  const found: Partial<CheckpointTexts> = {};
  for (const [place, name] of Object.entries(texts) as [keyof CheckpointTexts, string][]) {
    const part = partOf(checkpoint, name, place === "config" || place === "tokenizer");
    if (part) found[place] = await fetchText(id, part, supply);
  }
  const weights = partOf(checkpoint, WEIGHTS, true) as Part;
  const { room: converter } = await fetchPart(id, weights, supply, () => makeConverter(found as CheckpointTexts, extras));
  const room = converter.finish();
  try {
    const bytes = room.view().length;
    const sha256 = checkpoint.sha256 ?? (await room.sha256());
    // Conversion gives the same bytes everywhere: if the manifest knows them, they must come out.
    await verify(room, bytes, { file, bytes: expectedBytes, sha256 });
    if (signal.aborted) throw aborted(signal);
    store?.put(key, room.view(), sha256);
    return { room, bytes, sha256 };
  } catch (error) {
    room.free();
    throw error;
  }
}

function partOf({ id, parts }: Checkpoint, name: string, insist: boolean): Part | undefined {
  const part = parts.find((one) => one.name === name);
  if (!part && insist) throw new ManifestError(`The origin of ${id} has no file ${name}. Add it to the manifest, with its SHA-256.`);
  return part;
}

/** A small file, checked. */
export async function fetchText(id: string, part: Part, supply: Supply): Promise<string> {
  const { room } = await fetchPart(id, part, supply, async (bytes) => new HeapRoom(bytes, supply.digest));
  const bytes = room.view();
  if (part.sha256 === null) await verifyBlob(part, bytes);
  return new TextDecoder().decode(bytes);
}

async function fetchPart<R extends Room>(id: string, part: Part, supply: Supply, makeRoom: (bytes: number) => Promise<R>) {
  const { onProgress, hub } = supply;
  const { repo, revision, name: file, bytes, sha256 } = part;
  const { href } = new URL(`${repo}/resolve/${revision}/${file}`, hub);
  onProgress({ status: "initiate", name: id, file });
  const arrived = await download(
    href,
    { file: `${repo}/${file}`, bytes, sha256 },
    // A revision never changes, so the browser needn't ask again for what it has.
    { ...supply, cache: "default", makeRoom, onBytes: reporter(id, file, onProgress) },
  );
  onProgress({ status: "done", name: id, file, loaded: arrived.bytes, total: arrived.bytes, source: "network" });
  return arrived;
}

/** The hub knows files that are in Git itself by what Git calls them. */
async function verifyBlob({ repo, name, blob }: Part, bytes: Bytes): Promise<void> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (!subtle) {
    throw new UnsupportedBrowserError("Files of a hub's repository can be verified only on pages with https, or on localhost. Use a model of the manifest.");
  }
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const content = new Uint8Array(head.length + bytes.length);
  content.set(head);
  content.set(bytes, head.length);
  const found = hexadecimal(await subtle.digest("SHA-1", content));
  if (found === blob) return;
  const file = `${repo}/${name}`;
  throw new ModelIntegrityError(`${file} is not the file that it should be: expected the Git object ${blob}, found ${found}. Load again.`, {
    file,
    expected: `Git object ${blob}`,
    found: `Git object ${found}`,
  });
}

function unverifiable({ id, file, origin }: ManifestEntry): ModelUnavailableError {
  const unknown = origin?.files.filter((part) => part.sha256 === null).map((part) => part.name) ?? [];
  const first = origin?.files[0];
  const [why, how] = first
    ? [
        `neither for ${file} nor for ${unknown.join(", ")} of its origin`,
        `Download the files of ${first.repo} at revision ${first.revision} into a folder, check that you trust them`,
      ]
    : [`not for ${file}, and it has no origin`, "Get the original checkpoint into a folder"];
  return new ModelUnavailableError(
    `The model ${id} can't be verified, so it isn't downloaded: the manifest has a SHA-256 ${why}. ${how}, run ` +
      `\`tabrank convert FOLDER models/${file}\`, and write the result's size and SHA-256 into the manifest.`,
  );
}
