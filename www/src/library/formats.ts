/** Which format a file or a pasted text is in, and its documents. */

import { readSeparated, separatorOf } from "./csv";
import { decode, insistOnSize, tidy } from "./decode";
import { counted } from "../numbers";
import { asMetadata, isRecord, type SourceDocument } from "./documents";
import { ENDINGS, PASTED, type Format } from "./endings";
import { ReadError } from "./errors";
import { type Ids, opening, slug, stem } from "./ids";
import { looksLikeJson, readJson } from "./json";
import { type Sections, sectionsOf, STEP } from "./markdown";
import { type ColumnChoice, type Columns, chooseColumns, documentsOf, type Row } from "./table";

/** What is to be read. */
export interface Given {
  /** Name of the file; null for pasted text. */
  readonly name: string | null;
  readonly content: Uint8Array<ArrayBuffer> | string;
  /** Overrides what is found out. */
  readonly format?: Format | undefined;
  readonly columns?: ColumnChoice | undefined;
}

/** What was found out about a file, for the reader to check. */
export interface Findings {
  readonly file: string;
  readonly format: Format;
  readonly encoding: string;
  /** Of CSV and JSON: what was taken for what. */
  readonly columns: Columns | null;
  /** Of CSV: whether the first row was taken for names. */
  readonly header: boolean | null;
  /** What was put right or left out, in whole sentences. */
  readonly notices: readonly string[];
}

/** A file's documents. */
export interface Parsed {
  readonly findings: Findings;
  readonly documents: readonly SourceDocument[];
}

/**
 * Reads a file or a pasted text.
 *
 * @param ids - those in use; what is read adds its own.
 * @throws {@link ReadError}, and nothing else.
 */
export function parse(given: Given, ids: Ids): Parsed {
  const file = given.name ?? PASTED;
  const { text, encoding, notices } = typeof given.content === "string" ? pasted(given.content, file) : decode(given.content, file);
  const format = given.format ?? formatOf(given.name, text);
  const found = READERS[format]({ text, file, fromFile: given.name !== null, choice: given.columns ?? {}, ids });
  if (found.documents.length === 0)
    throw new ReadError("no-documents", file, `${file} holds no text that could be searched. ${HINTS[format]}`);
  return {
    documents: found.documents,
    findings: {
      file,
      format,
      encoding,
      columns: found.columns ?? null,
      header: found.header ?? null,
      notices: [...notices, ...found.notices],
    },
  };
}

/** The format, by the file's name or, where it says nothing, by the text itself. */
export function formatOf(name: string | null, text: string): Format {
  const lower = name?.toLowerCase() ?? "";
  const formats = Object.keys(ENDINGS) as Format[];
  const byName = formats.find((format) => ENDINGS[format].some((ending) => lower.endsWith(ending)));
  if (byName !== undefined) return byName;
  if (looksLikeJson(text)) return "json";
  if (separatorOf(text) !== undefined) return "csv";
  return looksLikeMarkdown(text) ? "markdown" : "text";
}

const HINTS: Readonly<Record<Format, string>> = {
  text: "Choose another file.",
  markdown: "There must be text beneath its headings.",
  csv: "There must be a row with text besides the row of names.",
  json: 'There must be objects with a text in them, such as {"id": "1", "text": "…"}, or texts in quotes.',
};

function pasted(content: string, file: string): { text: string; encoding: string; notices: readonly string[] } {
  insistOnSize(file, content.length);
  const text = tidy(content);
  if (text.trim() === "") throw new ReadError("empty-file", file, `${file} is empty. Paste some text first.`);
  return { text, encoding: "UTF-8", notices: [] };
}

interface Task {
  readonly text: string;
  readonly file: string;
  readonly fromFile: boolean;
  readonly choice: ColumnChoice;
  readonly ids: Ids;
}

interface Found {
  readonly documents: readonly SourceDocument[];
  readonly notices: readonly string[];
  readonly columns?: Columns;
  readonly header?: boolean;
}

const READERS: Readonly<Record<Format, (task: Task) => Found>> = { text: plainText, markdown, csv, json };

function plainText({ text, file, fromFile, ids }: Task): Found {
  const title = fromFile ? stem(file) : opening(text);
  return { documents: [{ id: ids.make(slug(stem(file), "file")), title, text, file }], notices: [] };
}

function markdown(task: Task): Found {
  const { text, file, fromFile, ids } = task;
  let found: Sections;
  try {
    found = sectionsOf(text);
  } catch {
    // The lexer is not made for all depths.
    const notice = "Its Markdown could not be made out, as where it is nested too deep, so it was read as plain text.";
    return { ...plainText(task), notices: [notice] };
  }
  const matter = new Map(found.matter);
  const title = matter.get("title") ?? (fromFile ? stem(file) : opening(text));
  matter.delete("title");
  const metadata = asMetadata(Object.fromEntries(matter));
  const made = slug(stem(file), "file");
  const documents = found.sections.map(({ path, text: section }, n): SourceDocument => {
    return {
      id: ids.make(found.sections.length === 1 ? made : `${made}-${n + 1}`),
      title: path.length > 0 ? path.join(STEP) : title,
      text: section,
      ...(matter.size > 0 && isRecord(metadata) ? { metadata } : {}),
      file,
    };
  });
  const bare = found.bare.length;
  const notice = `${counted(bare, "heading")} with nothing beneath ${bare === 1 ? "it was" : "them were"} left out, such as “${found.bare[0] ?? ""}”.`;
  return { documents, notices: bare === 0 ? [] : [notice] };
}

function csv({ text, file, choice, ids }: Task): Found {
  // Only the ending tells that commas are part of the text.
  const delimiter = /\.(?:tsv|tab)$/i.test(file) ? "\t" : "";
  const { rows, columns: all, header, notices } = readSeparated(text, delimiter, choice.header);
  const found = fromRows(rows, all, { file, choice, ids });
  return { ...found, header, notices: [...notices, ...found.notices] };
}

function json({ text, file, choice, ids }: Task): Found {
  const { rows, columns } = readJson(text, file);
  return fromRows(rows, columns, { file, choice, ids });
}

function fromRows(rows: readonly Row[], all: readonly string[], { file, choice, ids }: Pick<Task, "file" | "choice" | "ids">): Found {
  const columns = chooseColumns(rows, all, choice, file);
  return { ...documentsOf(rows, columns, file, ids), columns };
}

/** Whether a text has headings, fenced code or links as Markdown writes them. */
function looksLikeMarkdown(text: string): boolean {
  const beginning = text.slice(0, 100_000);
  return (
    /^#{1,6} \S/m.test(beginning) ||
    /^(?:```|~~~)/m.test(beginning) ||
    /^\S.*\n(?:={3,}|-{3,})\s*$/m.test(beginning) ||
    /\[[^\]\n]{1,200}\]\(\S{1,500}\)/.test(beginning)
  );
}
