/** Documents into passages, by a rule that can be stated. */

import { opening, Ids } from "./ids";
import type { SourceDocument } from "./documents";
import type { UserPassage } from "./library";
import { type Going, Pace } from "./pace";
import { isLow, sentencesOf, trimmed, wordsOf } from "./words";
import { grouped } from "../numbers";

/** Longest passage. 160 English words are some 210 tokens; the bi-encoders read 256. */
export const MOST_WORDS = 160;
/** For texts whose words are long, or which have none: tables, code, addresses. */
export const MOST_CHARACTERS = 1200;

/** The rule, as the page states it. */
export const CHUNK_RULE =
  `A document of up to ${MOST_WORDS} words stays whole. A longer one is cut into passages of at most ${MOST_WORDS} words, of about equal length: ` +
  "at the ends of paragraphs; within a paragraph that is longer than a passage, at the ends of sentences; " +
  "within a sentence that is longer, between words. " +
  `No passage crosses a heading, none overlaps another, and none is longer than ${grouped(MOST_CHARACTERS)} characters.`;

/**
 * What a cut costs, against the square of how far a passage's length is off, both as parts of the longest. A cut within a
 * paragraph is worth a passage that is off by a third.
 */
const COST = { paragraph: 0, stop: 0.1, line: 0.15, word: 0.3, inside: 0.6 } as const;

/** A part of a document that is only cut behind: a paragraph, a sentence, a word. */
interface Unit {
  readonly start: number;
  readonly end: number;
  readonly words: number;
  /** What it costs to cut behind it. */
  readonly cost: number;
}

/** What may be told to {@link chunk}. */
export interface Chunking extends Going {
  /** Ids of passages that there are already. */
  readonly taken?: Iterable<string> | undefined;
}

/**
 * Cuts documents into passages; those without any text give none. Progress is counted in characters.
 *
 * @throws the signal's reason.
 */
export async function chunk(
  documents: readonly SourceDocument[],
  { signal, onProgress, taken = [] }: Chunking = {},
): Promise<UserPassage[]> {
  const pace = new Pace(signal);
  const ids = new Ids([...taken, ...documents.map(({ id }) => id)]);
  const total = documents.reduce((sum, { text }) => sum + text.length, 0);
  const passages: UserPassage[] = [];
  let before = 0;
  const rest = async (within: number): Promise<void> => {
    onProgress?.(before + within, total);
    await pace.rest();
  };
  for (const document of documents) {
    const pieces = await cut(document.text, pace, rest);
    const own = pieces.length === 1 ? [document.id] : ids.pieces(document.id, pieces.length);
    for (const [n, piece] of pieces.entries()) {
      passages.push(passage(document, own[n] ?? document.id, n, pieces.length, piece));
      if (pace.due) await rest(document.text.length);
    }
    before += document.text.length;
  }
  onProgress?.(total, total);
  return passages;
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

function passage(document: SourceDocument, id: string, n: number, of: number, { start, end }: Piece): UserPassage {
  const text = document.text.slice(start, end);
  const title = document.title ?? opening(text);
  return {
    id,
    shelf: document.title ?? document.file,
    // Two passages with one title could not be told apart in a ranking.
    title: of === 1 || document.title === undefined ? title : `${title} (${n + 1} of ${of})`,
    text,
    document: document.id,
    position: n + 1,
    start,
    end,
    file: document.file,
    ...(document.metadata === undefined ? {} : { metadata: document.metadata }),
  };
}

type Rest = (within: number) => Promise<void>;

async function cut(text: string, pace: Pace, rest: Rest): Promise<Piece[]> {
  const whole = trimmed(text, 0, text.length);
  if (whole.start === whole.end) return [];
  if (whole.end - whole.start <= MOST_CHARACTERS && wordsUpTo(text, whole, MOST_WORDS) <= MOST_WORDS) return [whole];
  const units: Unit[] = [];
  for (const unit of unitsOf(text, whole)) {
    units.push(unit);
    if (pace.due) await rest(unit.end / 2);
  }
  return partition(units, text.length, pace, rest);
}

/** The number of words; counting stops above `most`. */
function wordsUpTo(text: string, { start, end }: Piece, most = Infinity): number {
  let count = 0;
  for (const _ of wordsOf(text, start, end)) {
    count += 1;
    if (count > most) break;
  }
  return count;
}

/** Paragraphs; of those longer than a passage, the sentences; of those longer than a passage, the words. */
function* unitsOf(text: string, { start, end }: Piece): Generator<Unit> {
  const gap = /\n[^\S\n]*\n\s*/g;
  gap.lastIndex = start;
  for (let from = start; from < end;) {
    const found = gap.exec(text);
    const until = found === null ? end : Math.min(found.index, end);
    const paragraph = trimmed(text, from, until);
    if (fits(text, paragraph)) yield { ...paragraph, words: wordsUpTo(text, paragraph), cost: COST.paragraph };
    else yield* lastOf(sentenceUnits(text, paragraph), COST.paragraph);
    if (found === null) return;
    from = gap.lastIndex;
  }
}

function* sentenceUnits(text: string, paragraph: Piece): Generator<Unit> {
  for (const { start, end, ending } of sentencesOf(text, paragraph.start, paragraph.end)) {
    if (fits(text, { start, end })) yield { start, end, words: wordsUpTo(text, { start, end }), cost: COST[ending] };
    else yield* lastOf(wordUnits(text, { start, end }), COST[ending]);
  }
}

/** Words; one that is longer than a few lines is cut wherever it must. */
function* wordUnits(text: string, sentence: Piece): Generator<Unit> {
  const longest = MOST_CHARACTERS / 10;
  for (const { start, end } of wordsOf(text, sentence.start, sentence.end)) {
    let from = start;
    while (end - from > longest) {
      const until = from + longest - (isLow(text, from + longest) ? 1 : 0);
      yield { start: from, end: until, words: from === start ? 1 : 0, cost: COST.inside };
      from = until;
    }
    yield { start: from, end, words: from === start ? 1 : 0, cost: COST.word };
  }
}

/** The same units, the last of which ends something larger as well. */
function* lastOf(units: Generator<Unit>, cost: number): Generator<Unit> {
  let held: Unit | undefined;
  for (const unit of units) {
    if (held !== undefined) yield held;
    held = unit;
  }
  if (held !== undefined) yield { ...held, cost };
}

function fits(text: string, piece: Piece): boolean {
  return piece.end - piece.start <= MOST_CHARACTERS && wordsUpTo(text, piece, MOST_WORDS) <= MOST_WORDS;
}

/**
 * Joins units to passages at the least cost: for each unit in turn, the best way to end a passage with it is found from
 * the best ways to end one before.
 */
async function partition(units: readonly Unit[], length: number, pace: Pace, rest: Rest): Promise<Piece[]> {
  const words = new Float64Array(units.length + 1);
  for (const [n, unit] of units.entries()) words[n + 1] = (words[n] ?? 0) + unit.words;
  const load = (from: number, to: number): number => {
    const [first, last] = [units[from], units[to - 1]];
    if (first === undefined || last === undefined) return Infinity;
    return Math.max(((words[to] ?? 0) - (words[from] ?? 0)) / MOST_WORDS, (last.end - first.start) / MOST_CHARACTERS);
  };
  const all = load(0, units.length);
  const target = all / Math.ceil(all);
  const least = new Float64Array(units.length + 1).fill(Infinity);
  const previous = new Int32Array(units.length + 1);
  least[0] = 0;
  for (let to = 1; to <= units.length; to += 1) {
    const behind = to === units.length ? 0 : (units[to - 1]?.cost ?? 0);
    for (let from = to - 1; from >= 0; from -= 1) {
      const filled = load(from, to);
      if (filled > 1) break;
      const cost = (least[from] ?? Infinity) + (filled - target) ** 2 + behind;
      if (cost >= (least[to] ?? Infinity)) continue;
      least[to] = cost;
      previous[to] = from;
    }
    if (pace.due) await rest(length / 2 + (units[to - 1]?.end ?? 0) / 2);
  }
  const pieces: Piece[] = [];
  for (let to = units.length; to > 0;) {
    const from = previous[to] ?? 0;
    pieces.push({ start: units[from]?.start ?? 0, end: units[to - 1]?.end ?? 0 });
    to = from;
  }
  return pieces.reverse();
}
