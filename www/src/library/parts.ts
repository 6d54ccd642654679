/** Passages and queries as JSON Lines, as the command line reads them too: `tabrank eval --documents --queries`. */

import type { LabelledQuery } from "../corpus";
import { asMetadata, isRecord } from "./documents";
import type { UserPassage } from "./library";
import type { Pace } from "./pace";

/** Why a line was refused. */
export class LineError extends Error {
  override readonly name = "LineError";
}

/** Lines of about this many characters are handed on together. */
const BLOCK = 65_536;

/** Values as UTF-8, one JSON value a line, in blocks. */
export async function* jsonLines(values: readonly unknown[], pace: Pace): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let block = "";
  for (const value of values) {
    block += `${JSON.stringify(value)}\n`;
    if (block.length >= BLOCK) {
      yield encoder.encode(block);
      block = "";
    }
    if (pace.due) await pace.rest();
  }
  if (block !== "") yield encoder.encode(block);
}

/**
 * Reads the lines of a part, each by `reader`.
 *
 * @throws {@link LineError} that names the part and the line.
 */
export async function readLines<T>(bytes: Uint8Array<ArrayBuffer>, part: string, reader: (value: unknown) => T, pace: Pace): Promise<T[]> {
  const read: T[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 0;
  // Line by line, as a part may be longer than a text may be.
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(0x0a, at);
    const end = found < 0 ? bytes.length : found;
    line += 1;
    try {
      const text = decoder.decode(bytes.subarray(at, end)).trim();
      if (text !== "") read.push(reader(JSON.parse(text) as unknown));
    } catch (cause) {
      throw new LineError(`${part}, line ${line}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    at = end + 1;
    if (pace.due) await pace.rest();
  }
  return read;
}

/** Checks passages as they come: ids are given once. */
export function passageReader(): (value: unknown) => UserPassage {
  const once = new Once();
  return (value) => {
    const fields = record(value);
    const id = once.id(fields);
    const text = string(fields, "text");
    const shelf = string(fields, "shelf", "");
    const metadata = asMetadata(fields["metadata"]);
    return {
      id,
      shelf,
      title: string(fields, "title", id),
      text,
      document: string(fields, "document", id),
      position: whole(fields, "position", 1),
      start: whole(fields, "start", 0),
      end: whole(fields, "end", text.length),
      file: string(fields, "file", shelf),
      ...(isRecord(metadata) ? { metadata } : {}),
    };
  };
}

/** Checks queries as they come: ids are given once, and only passages of the library are graded. */
export function queryReader(passages: ReadonlySet<string>): (value: unknown) => LabelledQuery {
  const once = new Once();
  return (value) => {
    const fields = record(value);
    const id = once.id(fields);
    const grades = fields["grades"];
    if (!isRecord(grades)) throw new LineError("the grades must be an object with a number for each passage");
    for (const [passage, grade] of Object.entries(grades)) {
      if (!passages.has(passage)) throw new LineError(`it grades the passage ${passage}, which the library does not have`);
      if (grade !== 0 && grade !== 1 && grade !== 2 && grade !== 3) throw new LineError(`the grade of ${passage} must be 0, 1, 2 or 3`);
    }
    return {
      id,
      shelf: string(fields, "shelf", ""),
      text: string(fields, "text"),
      trap: stringOrNull(fields, "trap"),
      twin: stringOrNull(fields, "twin"),
      grades: grades as Record<string, number>,
    };
  };
}

/** Ids that must differ. */
class Once {
  readonly #seen = new Set<string>();

  id(fields: Record<string, unknown>): string {
    const id = string(fields, "id");
    if (id === "") throw new LineError("the id is empty");
    if (this.#seen.has(id)) throw new LineError(`the id ${id} occurs twice`);
    this.#seen.add(id);
    return id;
  }
}

function record(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new LineError("there must be an object");
  return value;
}

function string(fields: Record<string, unknown>, name: string, otherwise?: string): string {
  const value = fields[name] ?? otherwise;
  if (typeof value !== "string") throw new LineError(`${name} must be a text`);
  return value;
}

function stringOrNull(fields: Record<string, unknown>, name: string): string | null {
  const value = fields[name] ?? null;
  if (value !== null && typeof value !== "string") throw new LineError(`${name} must be a text or null`);
  return value;
}

function whole(fields: Record<string, unknown>, name: string, otherwise: number): number {
  const value = fields[name] ?? otherwise;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new LineError(`${name} must be a whole number`);
  return value;
}
