/** Labels as files: JSON Lines, as the command line reads them too, JSON and CSV; and labels from such JSON Lines. Pure. */

import Papa from "papaparse";
import { Corpus, type LabelledQuery, type Passage } from "../../corpus";
import { isRecord } from "../../library/documents";
import { ReadError } from "../../library/errors";
import { Pace } from "../../library/pace";
import { LineError, queryReader, readLines } from "../../library/parts";

/** The kinds of file that labels are written to. */
export const LABEL_FORMATS = { csv: "CSV", json: "JSON", jsonl: "JSON Lines" } as const;
/** One of them, which is also how its name ends. */
export type LabelFormat = keyof typeof LABEL_FORMATS;

/** The labels as the text of a file. In CSV each label is a row; a question without any has one without a passage. */
export function labelsText(queries: readonly LabelledQuery[], format: LabelFormat, title: (passage: string) => string): string {
  if (format === "json") return `${JSON.stringify(queries, undefined, 2)}\n`;
  if (format === "jsonl") return queries.map((query) => `${JSON.stringify(query)}\n`).join("");
  const rows = queries.flatMap(({ id, text, grades }) => {
    const labels = Object.entries(grades);
    if (labels.length === 0) return [[id, text, "", "", ""]];
    return labels.map(([passage, grade]) => [id, text, passage, title(passage), String(grade)]);
  });
  // A cell that begins like a formula would be run by a spreadsheet.
  return `${Papa.unparse({ fields: ["query_id", "query", "passage_id", "passage_title", "grade"], data: rows }, { escapeFormulae: true, newline: "\n" })}\n`;
}

/** What was read from a file. */
export interface ReadLabels {
  readonly queries: readonly LabelledQuery[];
  /** Labels of passages that the library doesn't have, which were left out. */
  readonly strange: number;
  /** Questions that had no other labels, and were left out with them. */
  readonly emptied: number;
}

/** A file with more than this many bytes is no file of labels. */
export const LARGEST_LABELS = 50_000_000;

/**
 * Reads labels from JSON Lines, or from a JSON array of the same objects.
 *
 * @throws {@link ReadError} that names the file and the line at fault.
 */
export async function readLabels(file: string, bytes: Uint8Array<ArrayBuffer>, passages: readonly Passage[], signal?: AbortSignal): Promise<ReadLabels> {
  const known = new Set(passages.map(({ id }) => id));
  const reader = queryReader(known);
  let [strange, emptied] = [0, 0];
  const read = (value: unknown): LabelledQuery | undefined => {
    const grades = isRecord(value) ? value["grades"] : undefined;
    if (!isRecord(value) || !isRecord(grades)) return reader(value);
    const all = Object.entries(grades);
    const own = all.filter(([passage]) => known.has(passage));
    const query = reader({ ...value, grades: Object.fromEntries(own) });
    if (query.text.trim() === "") throw new LineError("the text is empty");
    strange += all.length - own.length;
    if (own.length > 0 || all.length === 0) return query;
    emptied += 1;
    return undefined;
  };
  let queries: (LabelledQuery | undefined)[];
  try {
    const list = arrayIn(bytes);
    queries = list === undefined ? await readLines(bytes, file, read, new Pace(signal)) : list.map((value, i) => inPlace(file, i, () => read(value)));
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    const line = /, line (\d+):/.exec(error.message)?.[1];
    throw new ReadError("bad-line", file, `${error.message}. Correct it or remove it.`, line === undefined ? undefined : Number(line), { cause: error });
  }
  const found = queries.filter((query) => query !== undefined);
  if (found.length > 0 || emptied > 0) return { queries: found, strange, emptied };
  throw new ReadError("empty-file", file, `${file} holds no questions. Each line must be an object with id, text and grades.`);
}

/** The array that a file holds, if it holds one. */
function arrayIn(bytes: Uint8Array<ArrayBuffer>): unknown[] | undefined {
  const start = new TextDecoder().decode(bytes.subarray(0, 100)).trimStart();
  if (!start.startsWith("[")) return undefined;
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
    return Array.isArray(value) ? value : undefined;
  } catch (cause) {
    throw new LineError(`The file is not valid JSON (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  }
}

function inPlace<T>(file: string, position: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    throw new LineError(`${file}, question ${position + 1}: ${error.message}`, { cause: error });
  }
}

/**
 * The questions with those of a file. Where both label a passage for a question of the same text, the file has the last word; questions
 * that are new keep their ids where these are free.
 */
export function merged(queries: readonly LabelledQuery[], more: readonly LabelledQuery[]): readonly LabelledQuery[] {
  const result = [...queries];
  const at = new Map(result.map(({ id }, position) => [id, position]));
  /** The ids that the file's questions have now. */
  const now = new Map<string, string>();
  const added: number[] = [];
  const texts = new Map(result.map(({ text }, position) => [plain(text), position]));
  for (const query of more) {
    const position = texts.get(plain(query.text));
    const known = position === undefined ? undefined : result[position];
    if (position !== undefined && known !== undefined) {
      result[position] = { ...known, grades: { ...known.grades, ...query.grades } };
      now.set(query.id, known.id);
      continue;
    }
    const id = free(query.id, at);
    now.set(query.id, id);
    at.set(id, result.length);
    texts.set(plain(query.text), result.length);
    added.push(result.length);
    result.push({ ...query, id });
  }
  for (const position of added) {
    const query = result[position];
    if (query?.twin != null) result[position] = { ...query, twin: now.get(query.twin) ?? null };
  }
  return result;
}

function free(id: string, taken: ReadonlyMap<string, number>): string {
  let own = id;
  for (let n = 2; taken.has(own); n += 1) own = `${id}-${n}`;
  return own;
}

/** A text as the corpus compares them: case and spacing don't count. */
function plain(text: string): string {
  return text.trim().replace(/\s+/g, " ").toLowerCase();
}

/** A labelled question by its text, whatever case and spacing. */
export function labelledIn(queries: readonly LabelledQuery[], text: string): LabelledQuery | undefined {
  return new Corpus([], queries).labelled(text);
}
