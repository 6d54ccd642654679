/** Under what addresses files are kept. Older versions of a file have the same address but for what is asked of it. */

import type { ConvertExtras } from "./engine.js";
import type { Digest } from "./room.js";
import { VERSION } from "./version.js";

/** Of a file as it was fetched. */
export function fileKey(url: string | URL, sha256: string): URL {
  const key = new URL(url);
  key.searchParams.set("tabrank-sha256", sha256);
  return key;
}

/** Of a file that was made of a checkpoint whose files have these hashes. */
export async function convertedKey(url: string | URL, hashes: readonly unknown[], extras: ConvertExtras, digest: Digest): Promise<URL> {
  const key = new URL(url);
  const recipe = JSON.stringify([VERSION, hashes, extras]);
  key.searchParams.set("tabrank-origin", await digest(new TextEncoder().encode(recipe)));
  return key;
}
