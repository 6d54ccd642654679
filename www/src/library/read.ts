/** Files and pasted texts into passages. Runs in a worker: see `reading.ts`. */

import { chunk } from "./chunks";
import { insistOnSize } from "./decode";
import { ReadError } from "./errors";
import { PASTED, type Format } from "./endings";
import { type Findings, parse } from "./formats";
import { Ids } from "./ids";
import type { UserPassage } from "./library";
import type { Going } from "./pace";
import type { ColumnChoice } from "./table";

/** A file, or a pasted text. */
export interface Source {
  /** Name of the file; null for pasted text. */
  readonly name: string | null;
  readonly content: Blob | string;
  /** Overrides what is found out. */
  readonly format?: Format | undefined;
  readonly columns?: ColumnChoice | undefined;
}

/** What was read of a file. */
export interface FileReport extends Findings {
  readonly documents: number;
  readonly passages: number;
}

/** All that was read. */
export interface Reading {
  readonly passages: readonly UserPassage[];
  readonly files: readonly FileReport[];
  /** Files that could not be read; the others were all the same. */
  readonly failures: readonly ReadError[];
}

/** What may be told to {@link read}. */
export interface ReadOptions extends Going {
  /** Ids in use in the library that the files are read into. */
  readonly taken?: readonly string[] | undefined;
  /** Takes the passages of each file as they come; {@link Reading.passages} stays empty then. */
  readonly onPassages?: ((passages: readonly UserPassage[]) => void) | undefined;
}

/**
 * Reads files in turn. Progress is counted in bytes.
 *
 * @throws the signal's reason, and nothing else: what is wrong with a file is in {@link Reading.failures}.
 */
export async function read(sources: readonly Source[], { signal, onProgress, taken = [], onPassages }: ReadOptions = {}): Promise<Reading> {
  const ids = new Ids(taken);
  const all = new Set(taken);
  const passages: UserPassage[] = [];
  const files: FileReport[] = [];
  const failures: ReadError[] = [];
  const total = sources.reduce((sum, source) => sum + sizeOf(source), 0);
  let before = 0;
  for (const source of sources) {
    const size = sizeOf(source);
    try {
      signal?.throwIfAborted();
      const { findings, documents } = parse({ ...source, content: await bytesOf(source) }, ids);
      const within = (done: number, of: number): void => onProgress?.(before + (of === 0 ? 0 : (done / of) * size), total);
      const own = await chunk(documents, { signal, onProgress: within, taken: all });
      for (const { id, document } of own) all.add(id).add(document);
      files.push({ ...findings, documents: documents.length, passages: own.length });
      if (onPassages === undefined) for (const passage of own) passages.push(passage);
      else onPassages(own);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      failures.push(error instanceof ReadError ? error : unexpected(source, error));
    }
    before += size;
    onProgress?.(before, total);
  }
  return { passages, files, failures };
}

function sizeOf({ content }: Source): number {
  return typeof content === "string" ? content.length : content.size;
}

async function bytesOf({ name, content }: Source): Promise<string | Uint8Array<ArrayBuffer>> {
  if (typeof content === "string") return content;
  const file = name ?? PASTED;
  insistOnSize(file, content.size);
  try {
    return new Uint8Array(await content.arrayBuffer());
  } catch (cause) {
    throw new ReadError(
      "unreadable-file",
      file,
      `${file} can’t be opened. It may have been moved, changed or locked, or it is a folder; choose it again.`,
      undefined,
      { cause },
    );
  }
}

/** Memory that runs out, or a fault of ours: one file's end, not that of the others. */
function unexpected({ name }: Source, cause: unknown): ReadError {
  const file = name ?? PASTED;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ReadError(
    "reader-failed",
    file,
    `${file} could not be read (${reason}). Split it into smaller files, or save its text as .txt.`,
    undefined,
    { cause },
  );
}
