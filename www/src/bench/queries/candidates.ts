/** The passages that are to be judged for a question: what any of the rankings has near its top, in an order that tells of none. */

import type { Ranker } from "tabrank";

/** How much of each ranking is judged. */
export const JUDGED_DEPTH = 10;

/** How many candidates the cross-encoder puts in order, to find its first ones. */
export const READ = 50;

/** The ids of all rankings, each once, by the hash of question and id: who ranked what can't be told from it, and it is always the same. */
export function shuffled(question: string, rankings: readonly (readonly string[])[]): string[] {
  const ids = [...new Set(rankings.flat())];
  const hashes = new Map(ids.map((id) => [id, hash(`${id}\n${question}`)]));
  return ids.sort((a, b) => (hashes.get(a) ?? 0) - (hashes.get(b) ?? 0) || (a < b ? -1 : 1));
}

/** What accompanies the search for candidates. */
export interface CandidateOptions {
  readonly signal?: AbortSignal;
  /** Pairs read so far, and all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Finds the candidates of a question: the first ten by vectors, by words, and of what the cross-encoder makes of the first fifty by vectors. */
export async function candidatesFor(ranker: Ranker, question: string, { signal, onProgress }: CandidateOptions = {}): Promise<string[]> {
  const words = await ranker.retrieve(question, { pool: JUDGED_DEPTH, retriever: "bm25", signal });
  const { retrieved, reranked } = await ranker.search(question, { pool: READ, topK: JUDGED_DEPTH, signal, onProgress });
  const ids = (ranking: readonly { readonly id: string }[]): string[] => ranking.slice(0, JUDGED_DEPTH).map(({ id }) => id);
  return shuffled(question, [ids(retrieved), ids(words.retrieved), ids(reranked)]);
}

/** FNV-1a of the UTF-16 units, stirred once more, as its last steps alone hardly reach the high bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
