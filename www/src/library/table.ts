/** Rows with named fields into documents: which field is the text, which the title, which the id. */

import { tidy } from "./decode";
import { counted } from "../numbers";
import { asMetadata, isRecord, type SourceDocument } from "./documents";
import { ReadError } from "./errors";
import { type Ids, slug, stem } from "./ids";

/** One record of a file. */
export interface Row {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** Which columns are taken for what. All others are metadata. */
export interface Columns {
  /** The names of all columns, in the file's order. */
  readonly all: readonly string[];
  readonly text: string;
  readonly title: string | null;
  readonly id: string | null;
}

/** The user's own choice; null for none. What is left out is found as usual. */
export interface ColumnChoice {
  readonly text?: string | undefined;
  readonly title?: string | null | undefined;
  readonly id?: string | null | undefined;
  /** Whether the first row of a CSV file holds names. */
  readonly header?: boolean | undefined;
}

/** Names of columns whose use is plain, the plainest first. */
const NAMES = {
  text: ["text", "passage", "body", "content", "description"],
  title: ["title", "name", "heading"],
  id: ["id", "_id"],
} as const;

/** Whether this is a name that says what a column holds. */
export function isColumnName(name: string): boolean {
  return Object.values(NAMES).some((names: readonly string[]) => names.includes(plain(name)));
}

/** Finds the columns: by the user's choice, by their names, and the text by its length where no name tells. */
export function chooseColumns(rows: readonly Row[], all: readonly string[], choice: ColumnChoice, file: string): Columns {
  const chosen = (name: string | null | undefined): string | null | undefined => {
    if (name === undefined || name === null || all.includes(name)) return name;
    throw new ReadError(
      "no-such-column",
      file,
      `${file} has no column “${name}”. It has ${all.map((column) => `“${column}”`).join(", ")}; choose one of these.`,
    );
  };
  const taken = new Set<string>();
  const take = (name: string | null): string | null => {
    if (name !== null) taken.add(name);
    return name;
  };
  const named = (names: readonly string[]): string | null =>
    names.flatMap((name) => all.find((column) => plain(column) === name && !taken.has(column)) ?? [])[0] ?? null;
  const own = { text: chosen(choice.text), title: chosen(choice.title), id: chosen(choice.id) };
  for (const name of Object.values(own)) take(name ?? null);
  const id = own.id === undefined ? take(named(NAMES.id)) : own.id;
  const byName = own.text ?? take(named(NAMES.text));
  const title = own.title === undefined ? take(named(NAMES.title)) : own.title;
  // Where there is but one column, it is the text, whatever its name.
  const text =
    byName ??
    longest(
      rows,
      all.filter((column) => !taken.has(column)),
    ) ??
    title ??
    id ??
    "";
  return { all, text, title: title === text ? null : title, id: id === text ? null : id };
}

/** The column with the longest text on average; undefined where none holds any. */
function longest(rows: readonly Row[], among: readonly string[]): string | undefined {
  const sums = new Map(among.map((column) => [column, 0]));
  for (const { fields } of rows) {
    for (const [column, value] of fields) {
      const sum = sums.get(column);
      if (sum !== undefined && typeof value === "string") sums.set(column, sum + value.trim().length);
    }
  }
  let best: string | undefined;
  let most = 0;
  for (const [column, sum] of sums) if (sum > most) [best, most] = [column, sum];
  return best;
}

/** A document for each row that holds text, and what had to be put right. */
export function documentsOf(
  rows: readonly Row[],
  columns: Columns,
  file: string,
  ids: Ids,
): { documents: SourceDocument[]; notices: string[] } {
  const cell = (row: Row, column: string | null): string => (column === null ? "" : tidy(asText(row.fields.get(column))).trim());
  const full = rows
    .map((row) => ({ row, title: cell(row, columns.title), text: cell(row, columns.text) }))
    .filter(({ title, text }) => title !== "" || text !== "");
  // Ids that the file gives come first, so that none that is made up takes one of them.
  const given = new Map(full.map(({ row }) => [row, ids.claim(cell(row, columns.id))]));
  const made = `${slug(stem(file), "file")}-`;
  const numbers = new Map(rows.map((row, n) => [row, n + 1]));
  const documents = full.map(({ row, title, text }): SourceDocument => {
    const rest = [...row.fields].filter(([column]) => column !== columns.text && column !== columns.title && column !== columns.id);
    const metadata = metadataOf(rest);
    return {
      id: given.get(row) ?? ids.make(`${made}${numbers.get(row) ?? 0}`),
      ...(title === "" ? {} : { title }),
      text: text || title,
      ...(metadata === undefined ? {} : { metadata }),
      file,
    };
  });
  return { documents, notices: notices(rows, full, columns, given) };
}

interface Full {
  readonly row: Row;
  readonly text: string;
}

function notices(rows: readonly Row[], full: readonly Full[], columns: Columns, given: ReadonlyMap<Row, string | undefined>): string[] {
  const kept = new Set(full.map(({ row }) => row));
  const of = (which: readonly Row[], one: string, many: string): string[] => {
    const [first] = which;
    if (first === undefined) return [];
    return [
      `${counted(which.length, "row")} ${which.length === 1 ? one : many} (${which.length === 1 ? "" : "the first is "}line ${first.line}).`,
    ];
  };
  const untitled = full.filter(({ text }) => text === "").map(({ row }) => row);
  const unnamed = columns.id === null ? [] : full.map(({ row }) => row).filter((row) => given.get(row) === undefined);
  return [
    ...of(
      rows.filter((row) => !kept.has(row)),
      "holds no text and was left out",
      "hold no text and were left out",
    ),
    ...of(untitled, "has a title only, which was taken as its text", "have a title only, which was taken as their text"),
    ...of(unnamed, "has no id, or one that is in use, and got another", "have no id, or one that is in use, and got others"),
  ];
}

/** All that a row holds besides; what is empty says nothing. An object called metadata is taken apart. */
function metadataOf(fields: readonly (readonly [string, unknown])[]): SourceDocument["metadata"] {
  const entries = fields.flatMap(([column, value]) =>
    plain(column) === "metadata" && isRecord(value) ? Object.entries(value) : [[column, value] as const],
  );
  const tamed = asMetadata(Object.fromEntries(entries.filter(([, value]) => value !== "" && value !== null && value !== undefined)));
  return isRecord(tamed) && Object.keys(tamed).length > 0 ? tamed : undefined;
}

/** A value as text: numbers as they are written, lists of texts as paragraphs. */
function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? value.filter((item) => typeof item === "string").join("\n\n") : "";
}

function plain(name: string): string {
  return name.trim().toLowerCase();
}
