/**
 * Vectors of a whole library, some passages at a time: other requests get their turn in between, and what is done is kept when it is
 * stopped.
 */

import type { ModelInfo, Ranker } from "tabrank";
import type { Collection } from "./collection";
import { aboutIndex, countOf, indexFile, quantized, rowsOf, together, type Rows } from "./index-file";
import type { Going } from "./library/pace";

/** How long a request may keep others waiting, in milliseconds. */
const TURN_MS = 400;
const FEWEST = 4;
const MOST = 64;
/** After this long, what is done is kept, in milliseconds. */
const KEEP_EVERY_MS = 20_000;

/** How many of a library's passages have vectors of a model. */
export async function embedded(collection: Collection, model: ModelInfo): Promise<number> {
  const file = await collection.vectors(model);
  const about = file === undefined ? undefined : aboutIndex(file);
  return about?.modelSha256 === model.sha256 ? Math.min(about.passages, collection.corpus.passages.length) : 0;
}

/**
 * The index file of a library, made by the ranker's bi-encoder, from what there is of it already; `afresh` takes nothing from before.
 * Progress is counted in passages. Undefined where the browser computes no hashes.
 *
 * @throws the signal's reason, and the ranker's errors. What was done is kept, also then.
 */
export async function indexOf(
  ranker: Ranker,
  collection: Collection,
  { signal, onProgress }: Going = {},
  afresh = false,
): Promise<ArrayBuffer | undefined> {
  const { biEncoder: model } = ranker.info();
  if (model === null) throw new Error("There is no bi-encoder to make vectors with.");
  const { passages } = collection.corpus;
  const file = afresh ? undefined : await collection.vectors(model);
  const about = file === undefined ? undefined : aboutIndex(file);
  const fits = about !== undefined && about.modelSha256 === model.sha256 && about.passages <= passages.length;
  if (fits && about.passages === passages.length) return file;
  if (!hashes()) return undefined;

  let rows: Rows | undefined = fits && file !== undefined ? rowsOf(file) : undefined;
  let kept = performance.now();
  const keep = async (): Promise<ArrayBuffer | undefined> => {
    const made = rows === undefined ? undefined : await indexFile(rows, passages, model);
    if (made !== undefined) await collection.keep(model, made);
    kept = performance.now();
    return made;
  };
  let size = FEWEST;
  let at = rows === undefined ? 0 : countOf(rows);
  const before = at;
  onProgress?.(at, passages.length);
  try {
    while (at < passages.length) {
      const texts = passages.slice(at, at + size).map(({ text }) => text);
      const begun = performance.now();
      const vectors = await ranker.embed(texts, { kind: "document", signal });
      const each = (performance.now() - begun) / texts.length;
      rows = together(rows, quantized(vectors));
      at += texts.length;
      onProgress?.(at, passages.length);
      size = Math.max(FEWEST, Math.min(MOST, size * 2, Math.floor(TURN_MS / each)));
      if (performance.now() - kept > KEEP_EVERY_MS) await keep();
    }
  } catch (error) {
    if (at > before) await keep();
    throw error;
  }
  return keep();
}

function hashes(): boolean {
  return (globalThis.crypto as Partial<Crypto> | undefined)?.subtle !== undefined;
}
