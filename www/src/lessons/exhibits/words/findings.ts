/** What leaving words out shows, in words and shares. Pure, so that it can be tested. */

import { decimal } from "../../../view/dom";
import type { Word, WordsData } from "../words";

/** The two scores that a word changes. */
export type Score = "cosine" | "logit";

/** How many digits each is given with. */
export const DIGITS: Readonly<Record<Score, number>> = { cosine: 3, logit: 2 };

/** A change with its sign. */
export function signed(value: number, digits: number): string {
  const text = decimal(value, digits);
  return value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${text}` : text;
}

/** The greatest change of a score that any word makes, to which all are drawn in proportion; 1 where nothing changes anything. */
export function scaleOf({ query, passage }: WordsData, score: Score): number {
  const most = Math.max(0, ...[...query, ...passage].map((word) => Math.abs(word[score] ?? 0)));
  return most > 0 ? most : 1;
}

/** The words that change a score most, the strongest first. */
export function strongest({ query, passage }: WordsData, score: Score, number: number): Word[] {
  return [...query, ...passage]
    .filter((word) => word[score] !== null)
    .sort((a, b) => Math.abs(b[score] ?? 0) - Math.abs(a[score] ?? 0))
    .slice(0, number);
}

/** The strongest words in a sentence; empty where no word could be left out. */
export function strongestText(data: WordsData, score: Score): string {
  const named = strongest(data, score, 3).map((word) => `“${bare(word.text)}” (${signed(word[score] ?? 0, DIGITS[score])})`);
  return named.length === 0 ? "" : `Most for the ${score}: ${named.join(", ")}.`;
}

/** The words that were asked for, by what they do to each score; those that the texts don't hold are left out. */
export function watchedText({ query, passage }: WordsData, watched: readonly string[]): string {
  const found = (words: readonly Word[], where: "question" | "passage"): string[] =>
    words.filter(({ text }) => watched.includes(bare(text).toLowerCase())).map((word) => wordText(word, where));
  return [...found(query, "question"), ...found(passage, "passage")].join(" ");
}

/** What one word does. */
export function wordText(word: Word, where: "question" | "passage"): string {
  if (word.cosine === null || word.logit === null) return `Without “${bare(word.text)}” nothing would be left of the ${where}.`;
  return `“${bare(word.text)}” in the ${where}: cosine ${signed(word.cosine, DIGITS.cosine)}, logit ${signed(word.logit, DIGITS.logit)}.`;
}

/** A word without the punctuation around it, unless it is nothing else. */
export function bare(text: string): string {
  return text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "") || text;
}
