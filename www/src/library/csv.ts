/** CSV and TSV into rows with named fields. */

import Papa from "papaparse";
import { counted } from "../numbers";
import { isColumnName, type Row } from "./table";

/** What a file with separated values holds. */
export interface Separated {
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  /** Whether the first row was taken for names. */
  readonly header: boolean;
  readonly notices: readonly string[];
}

const DELIMITERS = [",", ";", "\t", "|"];

interface RawRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Reads separated values; the separator is found out where none is given. `header` says whether the first row holds names. */
export function readSeparated(text: string, delimiter: string, header: boolean | undefined): Separated {
  // Spreadsheets write a first line that names the separator.
  const named = /^sep=(.)\n/i.exec(text);
  const { rows, unclosed } = rawRows(named === null ? text : text.slice(named[0].length), named?.[1] ?? delimiter, named === null ? 1 : 2);
  const [first, ...rest] = rows;
  if (first === undefined) return { rows: [], columns: [], header: false, notices: [] };
  const withNames = header ?? looksLikeNames(first.cells, rest);
  const body = withNames ? rest : rows;
  const width = body.reduce((most, { cells }) => Math.max(most, cells.length), first.cells.length);
  const columns = distinct(Array.from({ length: width }, (_, n) => (withNames ? first.cells[n]?.trim() : "") || `column ${n + 1}`));
  const wide = withNames ? body.filter(({ cells }) => cells.length > first.cells.length) : [];
  const notices = [
    ...(withNames || header !== undefined ? [] : ["The first row was taken for a text, not for the names of the columns."]),
    ...(wide[0] === undefined
      ? []
      : [
          `${counted(wide.length, "row has", "rows have")} more fields than there are names (the first is line ${wide[0].line}); a text with separators in it must stand between quotes.`,
        ]),
    ...(unclosed === undefined
      ? []
      : [`A quote in the row that begins in line ${unclosed} is never closed, so that all that follows was read as one field.`]),
  ];
  return {
    rows: body.map(({ line, cells }) => ({ line, fields: new Map(cells.map((cell, n) => [columns[n] ?? "", cell])) })),
    columns,
    header: withNames,
    notices,
  };
}

/** The separator, if this text is a table: at least two rows with one number of fields, which is at least two. */
export function separatorOf(text: string): string | undefined {
  const beginning = text.slice(0, 20_000);
  // The last row may be cut off.
  const rows = (delimiter: string): RawRow[] =>
    rawRows(beginning, delimiter, 1).rows.slice(0, text.length > beginning.length ? -1 : undefined);
  return DELIMITERS.find((delimiter) => {
    const [first, ...rest] = rows(delimiter);
    if (first === undefined || rest.length === 0 || first.cells.length < 2) return false;
    if (rest.some(({ cells }) => cells.length !== first.cells.length)) return false;
    // Prose has commas as well, but does not begin with names.
    return delimiter === "\t" || looksLikeNames(first.cells, rest);
  });
}

function rawRows(text: string, delimiter: string, firstLine: number): { rows: RawRow[]; unclosed: number | undefined } {
  const rows: RawRow[] = [];
  let line = firstLine;
  let at = 0;
  let unclosed: number | undefined;
  Papa.parse<string[]>(text, {
    delimiter,
    delimitersToGuess: DELIMITERS,
    newline: "\n",
    step: ({ data, errors, meta }) => {
      if (data.some((cell) => cell.trim() !== "")) rows.push({ line, cells: data });
      if (errors.some(({ code }) => code === "MissingQuotes")) unclosed ??= line;
      for (at = text.indexOf("\n", at); at >= 0 && at < meta.cursor; at = text.indexOf("\n", at + 1)) line += 1;
      at = meta.cursor;
    },
  });
  return { rows, unclosed };
}

/** Whether a first row holds names: one that is known, or all of them short and unlike what stands below. */
function looksLikeNames(cells: readonly string[], rest: readonly RawRow[]): boolean {
  const names = cells.map((cell) => cell.trim());
  if (names.some(isColumnName)) return true;
  if (rest.length === 0 || new Set(names).size < names.length) return false;
  if (!names.every((name) => /^[\p{L}_][\p{L}\p{M}\p{N} _./()-]{0,39}$/u.test(name))) return false;
  const sample = rest.slice(0, 100);
  return names.some((name, n) => {
    const below = sample.map((row) => row.cells[n]?.trim() ?? "");
    const length = below.reduce((sum, cell) => sum + cell.length, 0) / below.length;
    return length > 2 * name.length || below.every((cell) => /^[-+]?\d[\d.,]*$/.test(cell));
  });
}

/** The names with a number behind those that occurred before. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let n = 2; taken.has(own); n += 1) own = `${name} ${n}`;
    taken.add(own);
    return own;
  });
}
