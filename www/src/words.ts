/** Which words set two questions apart. */

/** A stretch of words, and whether the other question lacks it. */
export interface Stretch {
  readonly text: string;
  readonly own: boolean;
}

/**
 * Splits `text` into stretches that it shares with `other` and stretches that are its own, by the longest common
 * subsequence of words. The questions are one line long, so the quadratic table is small.
 */
export function ownWords(text: string, other: string): Stretch[] {
  const words = split(text);
  const others = split(other);
  const table = longestCommon(words, others);
  const stretches: { text: string; own: boolean }[] = [];
  let i = 0;
  let j = 0;
  while (i < words.length) {
    const word = words[i] ?? "";
    const shared = same(word, others[j]);
    if (!shared && j < others.length && at(table, i, j + 1) >= at(table, i + 1, j)) {
      j += 1;
      continue;
    }
    if (shared) j += 1;
    i += 1;
    const last = stretches.at(-1);
    if (last !== undefined && last.own === !shared) last.text += ` ${word}`;
    else stretches.push({ text: word, own: !shared });
  }
  return stretches;
}

/** `table[i][j]` is the length of the longest common subsequence of the words from `i` and the others from `j`. */
type Table = readonly (readonly number[])[];

function longestCommon(words: readonly string[], others: readonly string[]): Table {
  const table = Array.from({ length: words.length + 1 }, () => new Array<number>(others.length + 1).fill(0));
  for (let i = words.length - 1; i >= 0; i -= 1) {
    for (let j = others.length - 1; j >= 0; j -= 1) {
      const here = table[i];
      if (here === undefined) continue;
      here[j] = same(words[i], others[j]) ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}

function at(table: Table, i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}

function same(a: string | undefined, b: string | undefined): boolean {
  return a?.toLowerCase() === b?.toLowerCase();
}

function split(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** A question as it is quoted back: a very long one by its beginning. */
export function quoted(question: string): string {
  const most = 300;
  if (question.length <= most) return `“${question}”`;
  // Not through the middle of a surrogate pair.
  return `“${question.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…”`;
}
