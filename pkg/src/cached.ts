/** What is kept in the browser's store, as seen from the page. */

import { places } from "./address.js";
import { checkpointOf, keyOf } from "./checkpoint.js";
import { choices, requests } from "./choice.js";
import { recalled } from "./hub.js";
import { fileKey } from "./keys.js";
import { manifestOf, verifiable } from "./manifest.js";
import { platform } from "./platform.js";
import type { ModelRequest } from "./protocol.js";
import { digestWith } from "./room.js";
import { Store } from "./store.js";
import type { LoadOptions } from "./types.js";

/** Where store and models are. */
interface Places {
  store: Store;
  models: URL;
  hub: URL;
}

// Where there is a store there is a digest.
const digest = digestWith(() => Promise.reject(new Error("no store")));

/**
 * Whether `load()` with the same options would find its models in the browser's store. If the manifest can't be fetched, the one
 * that was last seen counts.
 */
export async function isCached(options: Pick<LoadOptions, "biEncoder" | "crossEncoder" | "modelsUrl" | "hubUrl" | "signal"> = {}): Promise<boolean> {
  const base = platform.base();
  const chosen = choices(options, base);
  const { models, hub } = places(options, base);
  const store = await Store.open();
  if (!store) return false;
  const { biEncoder, crossEncoder } = await requests(chosen, () => manifestOf(models, store, options.signal));
  const wanted = [biEncoder, crossEncoder].filter((request) => request !== null);
  const kept = await Promise.all(wanted.map((request) => isKept(request, { store, models, hub })));
  return kept.every(Boolean);
}

/** Empties the store: models, and what was measured and remembered. What is loaded goes on working. */
export async function clearCache(): Promise<void> {
  await Store.clear();
}

async function isKept(request: ModelRequest, { store, models, hub }: Places): Promise<boolean> {
  switch (request.from) {
    case "bytes":
      return true;
    case "address":
      return request.sha256 !== null && store.has(fileKey(request.url, request.sha256));
    case "repository": {
      const checkpoint = await recalled(request, { store, hub });
      return checkpoint !== null && store.has(await keyOf(checkpoint, digest));
    }
    case "manifest": {
      const { entry } = request;
      const { file, sha256, origin } = entry;
      if (sha256 !== null && (await store.has(fileKey(new URL(file, models), sha256)))) return true;
      return origin !== undefined && verifiable(origin) && store.has(await keyOf(checkpointOf(entry, { models }), digest));
    }
  }
}
