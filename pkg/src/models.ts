/** Gets the bytes of a model from the first source that has them: the browser's store, this site, its origin. */

import { fileName } from "./address.js";
import { checkpointOf, convertCheckpoint } from "./checkpoint.js";
import { download } from "./download.js";
import { ModelIntegrityError, ModelUnavailableError } from "./errors.js";
import { repository } from "./hub.js";
import { takeKept, type Wanted } from "./kept.js";
import { fileKey } from "./keys.js";
import type { ModelRequest } from "./protocol.js";
import type { Known } from "./shared.js";
import { reporter, type ModelFile, type Supply } from "./supply.js";
import type { ManifestEntry } from "./types.js";

/** Gets a model. Of what is `known` of its file nothing is fetched. */
export async function obtain(request: ModelRequest, supply: Supply, known: readonly Known[] = []): Promise<ModelFile> {
  switch (request.from) {
    case "manifest":
      return ofManifest(request.entry, supply, known);
    case "address":
      return ofAddress(request, supply);
    case "bytes":
      return ofBytes(request, supply);
    case "repository":
      return convertCheckpoint(await repository(request, supply), supply);
  }
}

async function ofManifest(entry: ManifestEntry, supply: Supply, known: readonly Known[]): Promise<ModelFile> {
  const { id: name, file, bytes, sha256 } = entry;
  if (sha256 === null) return convertCheckpoint(checkpointOf(entry, supply), supply);
  try {
    return await fetchOnce(new URL(file, supply.models), { name, file, bytes, sha256 }, supply, known);
  } catch (error) {
    const elsewhere = error instanceof ModelUnavailableError && error.missing && entry.origin;
    if (!elsewhere) throw error;
    return convertCheckpoint(checkpointOf(entry, supply), supply);
  }
}

/** Without a hash it is the caller's own word that the file is what it should be: it is fetched each time. */
async function ofAddress({ id: name, url, sha256 }: ModelRequest & { from: "address" }, supply: Supply): Promise<ModelFile> {
  const at = new URL(url);
  return fetchOnce(at, { name, file: fileName(at), bytes: null, sha256 }, supply);
}

async function ofBytes({ id: name, bytes: given }: ModelRequest & { from: "bytes" }, { makeRoom, onProgress }: Supply): Promise<ModelFile> {
  const bytes = new Uint8Array(given instanceof Blob ? await given.arrayBuffer() : given);
  const room = await makeRoom(bytes.length);
  room.append(bytes);
  const sha256 = await room.sha256();
  onProgress({ status: "done", name, file: name, loaded: bytes.length, total: bytes.length });
  return { room, bytes: bytes.length, sha256 };
}

/** A file from the store, or else from its address, and then kept. */
async function fetchOnce(url: URL, wanted: Wanted, supply: Supply, known: readonly Known[] = []): Promise<ModelFile> {
  const { store, onProgress } = supply;
  const { name, file } = wanted;
  // What lies on the disk needn't be kept there twice.
  const keep = wanted.sha256 !== null && url.protocol !== "file:";
  const key = keep ? fileKey(url, wanted.sha256 as string) : null;
  const kept = key && (await takeKept(key, wanted, supply));
  if (kept) return kept;
  onProgress({ status: "initiate", name, file });
  const { room, bytes } = await fetchFile(url, wanted, supply, known);
  const sha256 = wanted.sha256 ?? (await room.sha256());
  if (key) store?.put(key, room.view(), sha256);
  onProgress({ status: "done", name, file, loaded: bytes, total: bytes, source: "network" });
  return { room, bytes, sha256 };
}

/** A file from its address, put together with what is known of it. If that doesn't make the file, it is fetched as a whole. */
async function fetchFile(url: URL, wanted: Wanted, supply: Supply, known: readonly Known[]) {
  const { name, file } = wanted;
  const options = () => ({ ...supply, cache: "no-cache" as const, onBytes: reporter(name, file, supply.onProgress) });
  if (known.length > 0 && url.protocol !== "file:") {
    try {
      return await download(url.href, wanted, { ...options(), known });
    } catch (error) {
      if (!(error instanceof ModelIntegrityError) || supply.signal.aborted) throw error;
    }
  }
  return download(url.href, wanted, options());
}
