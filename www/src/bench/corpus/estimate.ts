/** How long making vectors will take here, by a short measurement. */

import type { Ranker } from "tabrank";
import type { Passage } from "../../corpus";

/** Passages that are measured: few, as somebody waits, but more than one batch's worth of luck. */
const SAMPLE = 6;

/** Milliseconds that the bi-encoder needs for all passages, going by some of them and by how long these are. */
export async function timeFor(ranker: Ranker, passages: readonly Pick<Passage, "text">[], signal?: AbortSignal): Promise<number> {
  const texts = sample(
    passages.map(({ text }) => text),
    SAMPLE,
  );
  // The first request after a rest takes longer than those after it.
  await ranker.embed([texts[0]?.slice(0, 100) ?? ""], { kind: "document", signal });
  const begun = performance.now();
  await ranker.embed(texts, { kind: "document", signal });
  const measured = performance.now() - begun;
  const read = lengthOf(texts);
  return read === 0 ? 0 : (measured / read) * lengthOf(passages.map(({ text }) => text));
}

/** Some values, evenly spread. */
export function sample<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, n) => values[Math.floor(((n + 0.5) * values.length) / count)] as T);
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
