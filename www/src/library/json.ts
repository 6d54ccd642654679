/** JSON Lines, a JSON array, or JSON values one after another into rows with named fields. */

import { ReadError } from "./errors";
import { isRecord } from "./documents";
import type { Row } from "./table";

/** Name of the only field of a text that stands by itself. */
const TEXT = "text";

/** One JSON value as it is written, and the line on which it begins. */
interface Piece {
  readonly json: string;
  readonly line: number;
}

/**
 * Reads objects and texts, and the names of their fields in the order in which they first occur.
 *
 * @throws {@link ReadError} that names the first line at fault, and says how many more there are.
 */
export function readJson(text: string, file: string): { rows: Row[]; columns: string[] } {
  const rows: Row[] = [];
  const columns = new Set<string>();
  const faults: { line: number; problem: string }[] = [];
  for (const { json, line } of piecesOf(text)) {
    const value = parsed(json);
    if (value instanceof SyntaxError) faults.push({ line, problem: `it is not valid JSON (${value.message})` });
    else if (typeof value === "string") rows.push({ line, fields: new Map([[TEXT, value]]) });
    else if (isRecord(value)) rows.push({ line, fields: new Map(Object.entries(value)) });
    else faults.push({ line, problem: `it holds ${kind(value)}` });
  }
  const [first] = faults;
  if (first !== undefined) {
    const more = faults.length === 1 ? "" : ` ${faults.length - 1} more cannot be read either.`;
    throw new ReadError(
      "bad-line",
      file,
      `${file}, line ${first.line}: ${first.problem}. There must be an object with fields, or a text in quotes; correct it or remove it.${more}`,
      first.line,
    );
  }
  for (const { fields } of rows) for (const name of fields.keys()) columns.add(name);
  return { rows, columns: [...columns] };
}

/** Whether a text is JSON as it is read here, going by its beginning. */
export function looksLikeJson(text: string): boolean {
  const start = text.trimStart();
  if (!/^(?:\[\s*[{"\]]|\{\s*["}])/.test(start)) return false;
  const [first] = piecesOf(start);
  return first === undefined || !(parsed(first.json) instanceof SyntaxError);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    return error instanceof SyntaxError ? error : new SyntaxError(String(error));
  }
}

function kind(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

/** Where the values stand. Lines are told apart by their ends, so that a fault in one is no fault of the next. */
function* piecesOf(text: string): Generator<Piece> {
  const [first] = lines(text);
  if (first === undefined) return;
  if (first.json.startsWith("[")) yield* values(text, text.indexOf("[") + 1);
  // An object over several lines.
  else if (first.json.startsWith("{") && parsed(first.json) instanceof SyntaxError && !ownLine(text)) yield* values(text, 0);
  else yield* lines(text);
}

/** Whether the second line is a value by itself, so that the first is a line with a fault and no beginning of something longer. */
function ownLine(text: string): boolean {
  const rows = lines(text);
  rows.next();
  const second = rows.next().value;
  return second !== undefined && /^[{[]/.test(second.json) && !(parsed(second.json) instanceof SyntaxError);
}

function* lines(text: string): Generator<Piece, undefined> {
  let at = 0;
  for (let line = 1; at < text.length; line += 1) {
    const end = text.indexOf("\n", at);
    const json = text.slice(at, end < 0 ? text.length : end).trim();
    if (json !== "") yield { json, line };
    if (end < 0) return undefined;
    at = end + 1;
  }
  return undefined;
}

/** Values between commas or white space, up to the bracket that closes what they stand in; told apart by quotes and brackets. */
function* values(text: string, from: number): Generator<Piece> {
  let line = 1;
  let depth = 0;
  let quoted = false;
  let start = -1;
  let startLine = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    if (sign === "\n") line += 1;
    if (at < from) continue;
    if (quoted) {
      if (sign === "\\") at += 1;
      else if (sign === '"') quoted = false;
      continue;
    }
    const closing = sign === "]" && from > 0;
    if (depth === 0 && (closing || sign === "," || /\s/.test(sign))) {
      if (start >= 0) yield { json: text.slice(start, at), line: startLine };
      start = -1;
      if (!closing) continue;
      // What follows the end of the array has no business there.
      const rest = text.slice(at + 1).trimStart();
      if (rest !== "") yield { json: rest.slice(0, 100), line: line + lineEnds(text.slice(at + 1, text.length - rest.length)) };
      return;
    }
    if (start < 0) [start, startLine] = [at, line];
    if (sign === '"') quoted = true;
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") depth -= 1;
    if (depth === 0 && sign === "}") {
      yield { json: text.slice(start, at + 1), line: startLine };
      start = -1;
    }
  }
  // An array that is never closed was cut off, though what it holds may be whole.
  if (start >= 0) yield { json: text.slice(start), line: startLine };
  else if (from > 0) yield { json: "[", line };
}

function lineEnds(text: string): number {
  return text.split("\n").length - 1;
}
