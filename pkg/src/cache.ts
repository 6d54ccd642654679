/** Scores of pairs that were computed before. A score belongs to its pair alone, so it may be used again anywhere. */

import type { Score } from "./protocol.js";

/** Longer pairs aren't kept: few are asked for twice, and each would push out many others. */
const longestPair = 20_000;

/** Characters kept in all, whatever the number of pairs. */
const mostCharacters = 1 << 24;

/** A text that pairs in the cache consist of. Each is kept once, however many pairs it is in. */
interface Text {
  readonly number: number;
  readonly text: string;
  pairs: number;
}

interface Pair {
  readonly query: Text;
  readonly passage: Text;
  readonly score: Score;
}

/** A bounded cache; what was used least recently goes first. Keys are the texts themselves, so no two pairs are confused. */
export class ScoreCache {
  readonly #mostPairs: number;
  readonly #mostCharacters: number;
  readonly #texts = new Map<string, Text>();
  /** By the numbers of both texts, those used last at the end. */
  readonly #pairs = new Map<string, Pair>();
  #characters = 0;
  #numbers = 0;

  constructor(pairs: number, characters = mostCharacters) {
    this.#mostPairs = pairs;
    this.#mostCharacters = characters;
  }

  /** Whether nothing is to be kept. */
  get off(): boolean {
    return this.#mostPairs === 0;
  }

  /** Pairs in the cache. */
  get size(): number {
    return this.#pairs.size;
  }

  /** Characters of all texts in the cache. */
  get characters(): number {
    return this.#characters;
  }

  /** The score of a pair, if it is known. */
  get(query: string, passage: string): Score | undefined {
    const [first, second] = [this.#texts.get(query), this.#texts.get(passage)];
    if (!first || !second) return undefined;
    const key = keyOf(first, second);
    const pair = this.#pairs.get(key);
    if (!pair) return undefined;
    this.#pairs.delete(key);
    this.#pairs.set(key, pair);
    return pair.score;
  }

  /** Keeps the score of a pair. */
  set(query: string, passage: string, score: Score): void {
    if (this.off || query.length + passage.length > longestPair) return;
    if (this.get(query, passage)) return;
    const pair = { query: this.#hold(query), passage: this.#hold(passage), score };
    this.#pairs.set(keyOf(pair.query, pair.passage), pair);
    for (const [key, { query, passage }] of this.#pairs) {
      if (this.#pairs.size <= this.#mostPairs && this.#characters <= this.#mostCharacters) break;
      this.#pairs.delete(key);
      this.#release(query);
      this.#release(passage);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#texts.clear();
    this.#pairs.clear();
    this.#characters = 0;
  }

  #hold(text: string): Text {
    let held = this.#texts.get(text);
    if (!held) {
      held = { number: this.#numbers++, text, pairs: 0 };
      this.#texts.set(text, held);
      this.#characters += text.length;
    }
    held.pairs += 1;
    return held;
  }

  #release(held: Text): void {
    held.pairs -= 1;
    if (held.pairs > 0) return;
    this.#texts.delete(held.text);
    this.#characters -= held.text.length;
  }
}

function keyOf(query: Text, passage: Text): string {
  return `${query.number}/${passage.number}`;
}
