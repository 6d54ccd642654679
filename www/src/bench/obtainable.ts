/** Which models of the manifest can be had. Pure. */

import type { Manifest, ManifestEntry } from "tabrank";
import { megabytes } from "../view/dom";

/** A model that can be had: whether from this site, and how many bytes that takes, where that is known. */
export interface Obtainable {
  readonly id: string;
  readonly here: boolean;
  readonly bytes: number | undefined;
}

/** The models of a role that can be had: this site's own, and those whose originals' hashes are known. */
export function obtainable({ models: all }: Manifest, wanted: ManifestEntry["role"] = "cross-encoder"): Obtainable[] {
  return all.flatMap(({ id, role, bytes, origin }): Obtainable[] => {
    if (role !== wanted) return [];
    if (bytes !== null) return [{ id, here: true, bytes }];
    const files = origin?.files ?? [];
    const known = files.length > 0 && files.every(({ sha256 }) => sha256 !== null);
    const sizes = files.flatMap((file) => file.bytes ?? []);
    return known ? [{ id, here: false, bytes: sizes.length < files.length ? undefined : sizes.reduce((sum, size) => sum + size, 0) }] : [];
  });
}

/** What it takes to have a model, in a few words. */
export function cost({ here, bytes }: Obtainable): string {
  const size = bytes === undefined ? [] : [megabytes(bytes)];
  return [...(here ? [] : ["hub"]), ...size].join(", ");
}
