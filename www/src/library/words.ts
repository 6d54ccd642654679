/** Where words and sentences end, in languages with and without spaces. */

/** Scripts that put no spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** A stretch of a text. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** How two sentences are set apart: by a full stop or its like, or only by the end of a line. */
export type Ending = "stop" | "line";

/** A sentence, and what ends it. */
export interface Sentence extends Stretch {
  readonly ending: Ending;
}

// Firefox has it from version 125, the engine runs in older ones as well.
const segmenters =
  typeof Intl.Segmenter === "function"
    ? { word: new Intl.Segmenter(undefined, { granularity: "word" }), sentence: new Intl.Segmenter(undefined, { granularity: "sentence" }) }
    : undefined;

/** The words between `start` and `end`: what stands between white space, and the words within that where a script has no spaces. */
export function* wordsOf(text: string, start = 0, end = text.length): Generator<Stretch> {
  // Searching in the text itself would go on beyond `end`, to wherever the next space is.
  for (const { 0: run, index } of text.slice(start, end).matchAll(/\S+/g)) {
    const from = start + index;
    if (UNSPACED.test(run)) yield* unspaced(text, from, from + run.length);
    else yield { start: from, end: from + run.length };
  }
}

/** Words of a stretch without spaces; marks belong to the word before them. */
function* unspaced(text: string, start: number, end: number): Generator<Stretch> {
  let from = start;
  let seen = false;
  for (const { index, like } of pieces(text.slice(start, end))) {
    if (!like) continue;
    if (seen) {
      yield { start: from, end: start + index };
      from = start + index;
    }
    seen = true;
  }
  yield { start: from, end };
}

function* pieces(run: string): Generator<{ index: number; like: boolean }> {
  if (segmenters === undefined) {
    // Two signs make a word more often than not.
    for (let index = 0; index < run.length; index += 2) yield { index: index - (isLow(run, index) ? 1 : 0), like: true };
    return;
  }
  for (const { index, isWordLike } of segmenters.word.segment(run)) yield { index, like: isWordLike === true };
}

/** How many words a text has. */
export function countWords(text: string): number {
  let count = 0;
  for (const _ of wordsOf(text)) count += 1;
  return count;
}

/**
 * The sentences between `start` and `end`, without the white space around them. A line's end ends a sentence, but for
 * lines that were broken in the middle of one: there the next goes on in small letters.
 */
export function* sentencesOf(text: string, start: number, end: number): Generator<Sentence> {
  let open: Stretch | undefined;
  for (const piece of rawSentences(text, start, end)) {
    const next = trimmed(text, piece.start, piece.end);
    if (next.start >= next.end) continue;
    if (open === undefined) {
      open = next;
      continue;
    }
    const stopped = STOP.test(text.slice(Math.max(open.start, open.end - 8), open.end));
    if (!stopped && /^\p{Ll}/u.test(text.slice(next.start, next.start + 2))) {
      open = { start: open.start, end: next.end };
      continue;
    }
    yield { ...open, ending: stopped ? "stop" : "line" };
    open = next;
  }
  if (open !== undefined) yield { ...open, ending: "stop" };
}

/** The end of a sentence, with what may close behind it. */
const STOP = /[.!?…:;。！？｡।]['"’”»)\]}*_]*$/u;

function* rawSentences(text: string, start: number, end: number): Generator<Stretch> {
  const part = text.slice(start, end);
  if (segmenters !== undefined) {
    for (const { index, segment } of segmenters.sentence.segment(part)) yield { start: start + index, end: start + index + segment.length };
    return;
  }
  let from = 0;
  for (const { index, 0: gap } of part.matchAll(/(?<=[.!?…]['"’”»)\]]{0,3})\s+|(?<=[。！？])|\n/gu)) {
    yield { start: start + from, end: start + index };
    from = index + gap.length;
  }
  yield { start: start + from, end };
}

/** A stretch without the white space at its ends. */
export function trimmed(text: string, start: number, end: number): Stretch {
  let [first, last] = [start, end];
  while (first < last && /\s/.test(text[first] ?? "")) first += 1;
  while (last > first && /\s/.test(text[last - 1] ?? "")) last -= 1;
  return { start: first, end: last };
}

/** Whether the second half of a surrogate pair stands here, so that nothing may be cut in front of it. */
export function isLow(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code < 0xe000;
}
