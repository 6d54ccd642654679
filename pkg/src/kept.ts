/** Model files out of the browser's store. */

import { readVerified } from "./download.js";
import { aborted, ModelIntegrityError } from "./errors.js";
import type { ModelFile, Supply } from "./supply.js";

/** A file and what it must be; without a hash, it must have the one with which it was put into the store. */
export interface Wanted {
  /** Id of the model. */
  name: string;
  file: string;
  bytes: number | null;
  sha256: string | null;
}

/** A file from the store, if it is there and undamaged. */
export async function takeKept(key: URL, wanted: Wanted, supply: Supply): Promise<ModelFile | null> {
  const { store, makeRoom, signal, onProgress } = supply;
  const kept = await store?.get(key);
  if (signal.aborted) throw aborted(signal);
  if (!kept) return null;
  const { name, file } = wanted;
  const sha256 = wanted.sha256 ?? kept.sha256;
  onProgress({ status: "initiate", name, file });
  try {
    const { room, bytes } = await readVerified(kept.response, { ...wanted, sha256 }, { makeRoom, signal, onBytes: () => {} });
    onProgress({ status: "done", name, file, loaded: bytes, total: bytes, source: "cache" });
    return { room, bytes, sha256 };
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    if (!(error instanceof ModelIntegrityError)) throw error;
    // Storage went bad: that is no reason to fail, as the file can be fetched again.
    await store?.delete(key);
    return null;
  }
}
