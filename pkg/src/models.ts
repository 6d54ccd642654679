/** Gets the bytes of a model from the first source that has them: the browser's store, this site, its origin. */

import {
  download,
  HeapRoom,
  readVerified,
  verify,
  type Bytes,
  type Digest,
  type DownloadOptions,
  type Expected,
  type MakeRoom,
  type Room,
} from "./download.js";
import type { ConvertExtras } from "./engine.js";
import { aborted, ManifestError, ModelIntegrityError, ModelUnavailableError } from "./errors.js";
import { verifiable } from "./manifest.js";
import type { Store } from "./store.js";
import type { ManifestEntry, Origin, ProgressEvent } from "./types.js";

/** Makes a GGUF file of a checkpoint's files. */
export type Convert = (config: string, tokenizer: string, weights: Bytes, extras: ConvertExtras) => Promise<Bytes>;

/** What is needed to get models. */
export interface Supply {
  /** The models folder. */
  models: URL;
  /** Root of the hub. */
  hub: URL;
  /** Version of this package: another version may convert in another way. */
  version(): Promise<string>;
  store: Store | null;
  digest: Digest;
  /** Makes room for models. */
  makeRoom: MakeRoom;
  convert: Convert;
  signal: AbortSignal;
  onProgress(event: ProgressEvent): void;
}

/** A verified model file. */
export interface ModelFile {
  room: Room;
  /** Its size. */
  bytes: number;
  sha256: string;
}

/** Gets a model. */
export async function obtain(entry: ManifestEntry, supply: Supply): Promise<ModelFile> {
  const url = new URL(entry.file, supply.models);
  const { sha256 } = entry;
  if (sha256 === null) return convertOrigin(entry, url, supply);
  try {
    const expected = { file: entry.file, bytes: entry.bytes, sha256 };
    return await fetchOnce(url, expected, "no-cache", entry.id, supply);
  } catch (error) {
    const elsewhere = error instanceof ModelUnavailableError && error.missing && entry.origin;
    if (!elsewhere) throw error;
    return convertOrigin(entry, url, supply);
  }
}

/** SHA-256 by the platform, or by `fallback` on pages without a secure context, which have no `crypto.subtle`. */
export function digestWith(fallback: (bytes: Uint8Array) => Promise<string>): Digest {
  return async (bytes) => {
    const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
    if (!subtle) return fallback(bytes);
    const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
}

/** A file from the store, or else from its address, and then kept. */
async function fetchOnce(
  url: URL,
  expected: Expected,
  cache: RequestCache,
  name: string,
  supply: Supply,
): Promise<ModelFile> {
  const { store, onProgress } = supply;
  const { file } = expected;
  onProgress({ status: "initiate", name, file });
  const key = new URL(url);
  key.searchParams.set("tabrank-sha256", expected.sha256);
  const kept = await take(store, key, expected, supply);
  if (kept) {
    const { bytes } = kept;
    onProgress({ status: "done", name, file, loaded: bytes, total: bytes, source: "cache" });
    return kept;
  }
  const room = await download(url.href, expected, { ...supply, cache, onBytes: reporter(name, file, onProgress) });
  const bytes = room.view().length;
  store?.put(key, room.view(), expected.sha256);
  onProgress({ status: "done", name, file, loaded: bytes, total: bytes, source: "network" });
  return { room, bytes, sha256: expected.sha256 };
}

/** A file from the store, if it is there and undamaged. Without a hash in `expected` it must have the one it came with. */
async function take(
  store: Store | null,
  key: URL,
  expected: Omit<Expected, "sha256"> & { sha256: string | null },
  { digest, makeRoom, signal }: Supply,
): Promise<ModelFile | null> {
  const kept = await store?.get(key);
  if (signal.aborted) throw aborted(signal);
  if (!kept) return null;
  const sha256 = expected.sha256 ?? kept.sha256;
  try {
    const room = await readVerified(kept.response, { ...expected, sha256 }, { digest, makeRoom, signal, onBytes: () => {} });
    return { room, bytes: room.view().length, sha256 };
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    if (!(error instanceof ModelIntegrityError)) throw error;
    // Storage went bad: that is no reason to fail, as the file can be fetched again.
    await store?.delete(key);
    return null;
  }
}

/** Fetches the original weights and makes the GGUF file of them. Only the result is kept: it is much the smaller. */
async function convertOrigin(entry: ManifestEntry, url: URL, supply: Supply): Promise<ModelFile> {
  const { store, digest, signal, onProgress, convert, makeRoom } = supply;
  const { id, file } = entry;
  const { origin } = entry;
  if (!origin || !verifiable(origin)) throw unverifiable(entry);
  const extras = extrasOf(entry);
  const key = new URL(url);
  const recipe = JSON.stringify([await supply.version(), origin.files.map(({ sha256 }) => sha256), extras]);
  key.searchParams.set("tabrank-origin", await digest(new TextEncoder().encode(recipe)));
  const kept = await take(store, key, { file, bytes: entry.bytes, sha256: entry.sha256 }, supply);
  if (kept) {
    const { bytes } = kept;
    onProgress({ status: "initiate", name: id, file });
    onProgress({ status: "done", name: id, file, loaded: bytes, total: bytes, source: "cache" });
    return kept;
  }
  const config = new TextDecoder().decode(await fetchPart(entry, origin, "config.json", supply));
  const tokenizer = new TextDecoder().decode(await fetchPart(entry, origin, "tokenizer.json", supply));
  const weights = await fetchPart(entry, origin, "model.safetensors", supply);
  const bytes = await convert(config, tokenizer, weights, extras);
  const sha256 = entry.sha256 ?? (await digest(bytes));
  // Conversion gives the same bytes everywhere: if the manifest knows them, they must come out.
  await verify(bytes, { file, bytes: entry.bytes, sha256 }, digest);
  if (signal.aborted) throw aborted(signal);
  store?.put(key, bytes, sha256);
  const room = await makeRoom(bytes.length);
  room.append(bytes);
  return { room, bytes: bytes.length, sha256 };
}

async function fetchPart(entry: ManifestEntry, origin: Origin, name: string, supply: Supply): Promise<Bytes> {
  const part = origin.files.find((one) => one.name === name);
  if (!part?.sha256) {
    throw new ManifestError(`The origin of ${entry.id} has no file ${name}. Add it to the manifest, with its SHA-256.`);
  }
  const { onProgress, hub } = supply;
  const url = new URL(`${part.repo}/resolve/${part.revision}/${part.name}`, hub);
  const label = `${part.repo}/${part.name}`;
  onProgress({ status: "initiate", name: entry.id, file: part.name });
  // A revision never changes, so the browser needn't ask again for what it has.
  const room = await download(
    url.href,
    { file: label, bytes: part.bytes, sha256: part.sha256 },
    {
      ...supply,
      cache: "default",
      makeRoom: async (bytes) => new HeapRoom(bytes),
      onBytes: reporter(entry.id, part.name, onProgress),
    },
  );
  const bytes = room.view();
  const { length } = bytes;
  onProgress({ status: "done", name: entry.id, file: part.name, loaded: length, total: length, source: "network" });
  return bytes;
}

function extrasOf(entry: ManifestEntry): ConvertExtras {
  const { id, role, quantization, licence, pooling, max_tokens, query_prefix, activation } = entry;
  return {
    id,
    role,
    quantization,
    licence,
    max_tokens,
    activation,
    ...(pooling === null ? {} : { pooling }),
    ...(query_prefix === undefined ? {} : { query_prefix }),
  };
}

/** Progress of one file: `download` at its start, then about two hundred times `progress`, so as not to drown the page. */
function reporter(name: string, file: string, onProgress: Supply["onProgress"]): DownloadOptions["onBytes"] {
  let reported = 0;
  return (loaded, total) => {
    const known = total === undefined ? {} : { total };
    if (loaded === 0) {
      onProgress({ status: "download", name, file, loaded, ...known });
      return;
    }
    const step = total === undefined ? 1 << 17 : total / 200;
    if (loaded - reported < step && loaded !== total) return;
    reported = loaded;
    onProgress({ status: "progress", name, file, loaded, ...known });
  };
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
