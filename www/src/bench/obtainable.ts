/** Which models of the manifest can be had. Pure. */

import type { Manifest, ManifestEntry } from "tabrank";

/** A model that can be had: whether from this site, and how many bytes that takes. */
export interface Obtainable {
  readonly id: string;
  readonly here: boolean;
  readonly bytes: number;
}

/** The models of a role that can be had: this site's own, and those whose originals' hashes are known. */
export function obtainable({ models: all }: Manifest, wanted: ManifestEntry["role"] = "cross-encoder"): Obtainable[] {
  return all.flatMap(({ id, role, bytes, origin }): Obtainable[] => {
    if (role !== wanted) return [];
    if (bytes !== null) return [{ id, here: true, bytes }];
    const files = origin?.files ?? [];
    const known = files.length > 0 && files.every(({ sha256 }) => sha256 !== null);
    return known ? [{ id, here: false, bytes: files.reduce((sum, file) => sum + (file.bytes ?? 0), 0) }] : [];
  });
}
