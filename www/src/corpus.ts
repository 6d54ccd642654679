/** The library that is searched, and the questions that people have labelled for it. */

import { markOf, type Mark } from "./labels";

/** A passage of the corpus. */
export interface Passage {
  readonly id: string;
  readonly shelf: string;
  readonly title: string;
  readonly text: string;
}

/** A question whose passages were graded by hand. */
export interface LabelledQuery {
  readonly id: string;
  readonly shelf: string;
  readonly text: string;
  /** The kind of small word that the question turns on; null where it is a plain question. */
  readonly trap: string | null;
  /** The question that differs by that small word. */
  readonly twin: string | null;
  /** Passage id to grade: 3 answers fully, 2 answers, 1 near miss. A passage that isn't listed is off the question. */
  readonly grades: Readonly<Record<string, number>>;
}

/** A trap with its twin. */
export interface TrapPair {
  readonly trap: LabelledQuery;
  readonly twin: LabelledQuery | undefined;
}

/** Passages and labelled queries, looked up by id or by text. */
export class Corpus {
  /** All passages, in the order of the file. */
  readonly passages: readonly Passage[];
  /** All labelled queries, in the order of the file. */
  readonly queries: readonly LabelledQuery[];
  /** Whether it is a library of the reader's own: its passages name the file that they come from. */
  readonly own: boolean;
  readonly #passagesById: ReadonlyMap<string, Passage>;
  readonly #queriesById: ReadonlyMap<string, LabelledQuery>;
  readonly #queriesByText: ReadonlyMap<string, LabelledQuery>;

  constructor(passages: readonly Passage[], queries: readonly LabelledQuery[]) {
    this.passages = passages;
    this.queries = queries;
    this.own = passages[0] !== undefined && "file" in passages[0];
    this.#passagesById = new Map(passages.map((passage) => [passage.id, passage]));
    this.#queriesById = new Map(queries.map((query) => [query.id, query]));
    this.#queriesByText = new Map(queries.map((query) => [normalise(query.text), query]));
  }

  /** The passage of this id. */
  passage(id: string): Passage | undefined {
    return this.#passagesById.get(id);
  }

  /** The title of a passage, or its id where it isn't in the corpus. */
  readonly title = (id: string): string => this.passage(id)?.title ?? id;

  /** The labelled query with this text; case and spacing don't count, since the models don't see them either. */
  labelled(text: string): LabelledQuery | undefined {
    return this.#queriesByText.get(normalise(text));
  }

  /**
   * What the labels say of a passage. In the library of this page every passage was judged; in one of the reader's own, nothing is known
   * of those without a grade: undefined.
   */
  mark(query: LabelledQuery, passage: string): Mark | undefined {
    return this.own && !Object.hasOwn(query.grades, passage) ? undefined : markOf(query, passage);
  }

  /** The trap and twin that this query belongs to, whichever of the two it is. */
  pairOf(query: LabelledQuery): TrapPair | undefined {
    const twin = query.twin === null ? undefined : this.#queriesById.get(query.twin);
    if (query.trap !== null) return { trap: query, twin };
    return twin === undefined ? undefined : { trap: twin, twin: query };
  }

  /** All traps, by shelf, in the order of the file. */
  trapsByShelf(): Map<string, TrapPair[]> {
    const shelves = new Map<string, TrapPair[]>();
    for (const query of this.queries) {
      if (query.trap === null) continue;
      const pair = this.pairOf(query);
      if (pair === undefined) continue;
      const pairs = shelves.get(query.shelf);
      if (pairs === undefined) shelves.set(query.shelf, [pair]);
      else pairs.push(pair);
    }
    return shelves;
  }
}

/** Reads JSON Lines; empty lines are skipped. */
export function parseJsonLines<T>(text: string, name: string): T[] {
  return text.split("\n").flatMap((line, position) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as T];
    } catch (error) {
      throw new Error(`${name}, line ${position + 1}: ${String(error)}`, { cause: error });
    }
  });
}

/** A shelf's name for people: `api-authorization` becomes "API authorization". */
export function shelfName(shelf: string): string {
  const words = shelf.split("-").map((word) => (word === "api" ? "API" : word));
  const name = words.join(" ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Where a passage comes from, for people: its shelf, or the document or file of the reader's own. */
export function placeOf(passage: Passage): string {
  if (!("file" in passage) || typeof passage.file !== "string") return shelfName(passage.shelf);
  // A document's title is part of its passages' titles already.
  return passage.title.startsWith(passage.shelf) ? passage.file : passage.shelf;
}

function normalise(text: string): string {
  return text.trim().replace(/\s+/g, " ").toLowerCase();
}
