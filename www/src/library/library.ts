/** A user's own library: its passages, and the questions whose results were labelled. All functions are pure. */

import { Corpus, type LabelledQuery, type Passage } from "../corpus";
import { contentHash } from "./digest";
import type { Metadata } from "./documents";
import { slug } from "./ids";

/** A passage of a user's file. */
export interface UserPassage extends Passage {
  /** Id of the document that it was cut from. */
  readonly document: string;
  /** Which piece of the document it is, from 1. */
  readonly position: number;
  /** Where it stands in the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Name of the file. */
  readonly file: string;
  readonly metadata?: Metadata;
}

/** A library as it is kept, exported and searched. */
export interface LibraryRecord {
  /** Short, readable, and made of what the library holds: see {@link createLibrary}. */
  readonly id: string;
  readonly name: string;
  /** When it was made, in ISO 8601. */
  readonly created: string;
  /** How its documents were cut, in a sentence. */
  readonly rule: string;
  readonly passages: readonly UserPassage[];
  readonly queries: readonly LabelledQuery[];
}

/** How well a passage answers: 3 fully, 2 answers, 1 near miss, 0 judged to be off the question. */
export type Grade = 0 | 1 | 2 | 3;

/** What a library is made of. */
export interface Making {
  readonly name: string;
  readonly rule: string;
  readonly passages: readonly UserPassage[];
  readonly queries?: readonly LabelledQuery[];
}

/**
 * Makes a library. Its id is its name and the beginning of the SHA-256 of its ids and texts, so that the same files give
 * the same id, in a link too; it stays when the library is renamed. Where the browser computes no hashes, as on pages
 * without a secure context, those six digits are random.
 */
export async function createLibrary({ name, rule, passages, queries = [] }: Making): Promise<LibraryRecord> {
  const named = nameOf(name);
  const digits = (await contentHash(passages))?.slice(0, 6) ?? randomDigits();
  return { id: `${slug(named, "library")}-${digits}`, name: named, created: new Date().toISOString(), rule, passages, queries };
}

/** The library with more passages, under the id that belongs to them; its labels stay. */
export async function withPassages(record: LibraryRecord, more: readonly UserPassage[]): Promise<LibraryRecord> {
  const grown = await createLibrary({ ...record, passages: [...record.passages, ...more] });
  return { ...grown, created: record.created };
}

/** The library without what came from a file, under the id that belongs to the rest; labels of what is gone go with it. */
export async function withoutFile(record: LibraryRecord, file: string): Promise<LibraryRecord> {
  const passages = record.passages.filter((passage) => passage.file !== file);
  const left = await createLibrary({ ...record, passages, queries: labelsWithin(record.queries, passages) });
  return { ...left, created: record.created };
}

/** The library under another name. */
export function renamed(record: LibraryRecord, name: string): LibraryRecord {
  return { ...record, name: nameOf(name) };
}

/** All ids that a library uses, of documents and of passages: what is read into it must have others. */
export function idsOf(record: LibraryRecord): string[] {
  return [...new Set(record.passages.flatMap(({ id, document }) => [id, document]))];
}

/** A library to be searched. */
export function corpusOf(record: LibraryRecord): Corpus {
  return new Corpus(record.passages, record.queries);
}

/** The library with one of its passages graded for a question; null takes the grade back. */
export function grade(record: LibraryRecord, text: string, passage: string, value: Grade | null): LibraryRecord {
  if (!record.passages.some(({ id }) => id === passage)) return record;
  return { ...record, queries: graded(record.queries, text, passage, value) };
}

/**
 * The questions with a passage graded for one of them, which is added if it is new. Case and spacing of its text don't
 * count. A question whose last grade is taken back is dropped.
 */
export function graded(queries: readonly LabelledQuery[], text: string, passage: string, value: Grade | null): readonly LabelledQuery[] {
  const known = new Corpus([], queries).labelled(text);
  if (known === undefined) {
    const asked = text.trim();
    if (value === null || asked === "") return queries;
    return [...queries, { id: freeId(queries), shelf: "", text: asked, trap: null, twin: null, grades: { [passage]: value } }];
  }
  const others = Object.entries(known.grades).filter(([id]) => id !== passage);
  const grades = Object.fromEntries(value === null ? others : [...others, [passage, value]]);
  if (Object.keys(grades).length === 0) return withoutQuery(queries, known.id);
  return queries.map((query) => (query.id === known.id ? { ...query, grades } : query));
}

/** The questions without one; what it was the twin of stands alone then. */
export function withoutQuery(queries: readonly LabelledQuery[], id: string): readonly LabelledQuery[] {
  return queries.filter((query) => query.id !== id).map((query) => (query.twin === id ? { ...query, twin: null } : query));
}

/** The grade that was given; undefined where none was, which is another thing than 0. */
export function gradeOf(queries: readonly LabelledQuery[], text: string, passage: string): Grade | undefined {
  const grades = new Corpus([], queries).labelled(text)?.grades;
  return grades !== undefined && Object.hasOwn(grades, passage) ? (grades[passage] as Grade) : undefined;
}

/** The labels of these passages alone; questions that lose all they had are dropped. */
export function labelsWithin(queries: readonly LabelledQuery[], passages: readonly Passage[]): readonly LabelledQuery[] {
  const known = new Set(passages.map(({ id }) => id));
  const left = queries.map((query) => {
    const grades = Object.entries(query.grades).filter(([id]) => known.has(id));
    return grades.length === Object.keys(query.grades).length ? query : { ...query, grades: Object.fromEntries(grades) };
  });
  const emptied = left.filter((query, n) => query !== queries[n] && Object.keys(query.grades).length === 0);
  return emptied.reduce<readonly LabelledQuery[]>((rest, { id }) => withoutQuery(rest, id), left);
}

/** How many labels there are. */
export interface LabelCount {
  readonly queries: number;
  /** Questions for which no passage is known to answer; they say nothing of a ranking. */
  readonly unanswered: number;
  /** Passages with grade 2 or 3, with 1, and with 0. */
  readonly answers: number;
  readonly nearMisses: number;
  readonly off: number;
}

/** Counts the labels. */
export function countLabels(queries: readonly LabelledQuery[]): LabelCount {
  const grades = queries.flatMap((query) => Object.values(query.grades));
  return {
    queries: queries.length,
    unanswered: queries.filter((query) => !Object.values(query.grades).some((value) => value >= 2)).length,
    answers: grades.filter((value) => value >= 2).length,
    nearMisses: grades.filter((value) => value === 1).length,
    off: grades.filter((value) => value === 0).length,
  };
}

/** `q1`, `q2`, ...; never one that was there before a later one was added. */
function freeId(queries: readonly LabelledQuery[]): string {
  const numbers = queries.map(({ id }) => Number(/^q(\d{1,9})$/.exec(id)?.[1] ?? 0));
  return `q${numbers.reduce((most, n) => Math.max(most, n), 0) + 1}`;
}

function nameOf(name: string): string {
  return name.replace(/\s+/g, " ").trim().slice(0, 100) || "My library";
}

function randomDigits(): string {
  return [...crypto.getRandomValues(new Uint8Array(3))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
