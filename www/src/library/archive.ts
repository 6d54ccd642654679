/** A library as one file, `NAME.tabrank.zip`: passages, labels and vectors, with a hash of each. */

import { Zip, ZipDeflate } from "fflate";
import { lengthOf } from "./bytes";
import { sha256 } from "./digest";
import { isRecord } from "./documents";
import { ArchiveError } from "./errors";
import { slug } from "./ids";
import { labelsWithin, type LibraryRecord } from "./library";
import { type Going, Pace } from "./pace";
import { jsonLines, LineError, passageReader, queryReader, readLines } from "./parts";
import { damaged, directoryOf, type Entry, isZip, unpacked } from "./zip";

/** The vectors of a library: a file of the engine, which checks itself whether it fits passages and model. */
export interface Vectors {
  /** Id of the bi-encoder. */
  readonly model: string;
  /** SHA-256 of its file. */
  readonly modelSha256: string;
  readonly bytes: ArrayBuffer;
}

/** A library with its vectors, if it has any. */
export interface Packed {
  readonly record: LibraryRecord;
  readonly vectors: Vectors | undefined;
  /** False where hashes could not be compared, as this browser computes none on this page, or as none were written. */
  readonly verified: boolean;
}

/** How a file of ours ends. */
export const ARCHIVE_ENDING = ".tabrank.zip";

/** The largest archive that is read, and the most that it may unpack to. */
export const LARGEST_ARCHIVE = 200_000_000;
const LARGEST_UNPACKED = 400_000_000;
const LARGEST_ABOUT = 1_000_000;

const KIND = "tabrank-library";
const VERSION = 1;
const PARTS = { passages: "passages.jsonl", queries: "queries.jsonl", index: "index.safetensors" } as const;
const ABOUT = "about.json";
/** Bytes that are compressed at a time. */
const SLICE = 65_536;

/** What `about.json` says of a part; the hash is null where it could not be computed. */
interface PartAbout {
  readonly bytes: number;
  readonly sha256: string | null;
}

interface About {
  readonly kind: typeof KIND;
  readonly version: number;
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly rule: string;
  readonly passages: number;
  readonly queries: number;
  readonly index: { readonly model: string; readonly model_sha256: string } | null;
  readonly parts: Readonly<Record<string, PartAbout>>;
}

/** The name of the file that a library is exported to. */
export function archiveName(record: LibraryRecord): string {
  return `${slug(record.name, "library")}${ARCHIVE_ENDING}`;
}

/**
 * Packs a library. Progress is counted in bytes.
 *
 * @throws the signal's reason.
 */
export async function pack(record: LibraryRecord, vectors: Vectors | undefined, { signal, onProgress }: Going = {}): Promise<Blob> {
  const pace = new Pace(signal);
  // Grades of what the library doesn't have would be refused wherever the file is read.
  const queries = labelsWithin(record.queries, record.passages);
  const parts = [
    { name: PARTS.passages, blocks: await all(jsonLines(record.passages, pace)) },
    { name: PARTS.queries, blocks: await all(jsonLines(queries, pace)) },
    ...(vectors === undefined ? [] : [{ name: PARTS.index, blocks: [new Uint8Array(vectors.bytes)] }]),
  ];
  const abouts = await Promise.all(
    parts.map(async ({ name, blocks }) => {
      const whole = await new Blob(blocks).arrayBuffer();
      return [name, { bytes: whole.byteLength, sha256: (await sha256(whole)) ?? null }] as const;
    }),
  );
  const about: About = {
    kind: KIND,
    version: VERSION,
    id: record.id,
    name: record.name,
    created: record.created,
    rule: record.rule,
    passages: record.passages.length,
    queries: queries.length,
    index: vectors === undefined ? null : { model: vectors.model, model_sha256: vectors.modelSha256 },
    parts: Object.fromEntries(abouts),
  };
  const described = { name: ABOUT, blocks: [new TextEncoder().encode(`${JSON.stringify(about, null, 2)}\n`)] };
  return zipped([described, ...parts], dateOf(record), pace, onProgress);
}

interface Part {
  readonly name: string;
  readonly blocks: readonly Uint8Array<ArrayBuffer>[];
}

async function zipped(parts: readonly Part[], mtime: Date, pace: Pace, onProgress: Going["onProgress"]): Promise<Blob> {
  const out: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, data) => {
    if (error !== null) throw error;
    out.push(data);
  });
  const total = parts.reduce((sum, { blocks }) => sum + lengthOf(blocks), 0);
  let done = 0;
  for (const { name, blocks } of parts) {
    // Vectors look like noise, which doesn't get smaller.
    const entry = new ZipDeflate(name, { level: name === PARTS.index ? 0 : 6 });
    entry.mtime = mtime;
    zip.add(entry);
    for (const block of blocks) {
      for (let at = 0; at < block.length; at += SLICE) {
        const slice = block.subarray(at, at + SLICE);
        entry.push(slice);
        done += slice.length;
        if (!pace.due) continue;
        onProgress?.(done, total);
        await pace.rest();
      }
    }
    entry.push(new Uint8Array(0), true);
  }
  zip.end();
  onProgress?.(total, total);
  return new Blob(out, { type: "application/zip" });
}

/**
 * Reads a library that {@link pack} wrote. Progress is counted in steps.
 *
 * @throws {@link ArchiveError}, or the signal's reason.
 */
export async function unpack(file: Blob, name: string, { signal, onProgress }: Going = {}): Promise<Packed> {
  const pace = new Pace(signal);
  try {
    return await read(file, name, pace, onProgress);
  } catch (error) {
    if (signal?.aborted === true || error instanceof ArchiveError) throw error;
    throw damaged(name, error instanceof Error ? error.message : String(error), undefined, error);
  }
}

async function read(file: Blob, name: string, pace: Pace, onProgress: Going["onProgress"]): Promise<Packed> {
  if (file.size > LARGEST_ARCHIVE) {
    const size = Math.ceil(file.size / 1e6);
    throw new ArchiveError(
      "archive-too-large",
      `${name} has ${size} MB; at most ${LARGEST_ARCHIVE / 1e6} MB are read. If it is a library of yours, split it and export the parts.`,
    );
  }
  const bytes = await bytesOf(file, name);
  if (!isZip(bytes)) throw foreign(name);
  const entries = directoryOf(bytes, name);
  let left = LARGEST_UNPACKED;
  const open = async (part: string, limit = left): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const entry: Entry | undefined = entries.get(part);
    if (entry === undefined) return undefined;
    const content = await unpacked(bytes, entry, Math.min(limit, left), name, pace);
    left -= content.length;
    return content;
  };
  const about = aboutOf(await open(ABOUT, LARGEST_ABOUT), name);
  const steps = 3 + (about.index === null ? 0 : 1);
  let verified = true;
  const part = async (which: keyof typeof PARTS, step: number): Promise<Uint8Array<ArrayBuffer>> => {
    const content = await open(PARTS[which]);
    verified = (await agrees(content, about, PARTS[which], name)) && verified;
    onProgress?.(step, steps);
    if (content === undefined) throw damaged(name, `${PARTS[which]} is missing`, PARTS[which]);
    return content;
  };
  const passages = await lines(await part("passages", 1), PARTS.passages, passageReader(), name, pace);
  const queries = await lines(await part("queries", 2), PARTS.queries, queryReader(new Set(passages.map(({ id }) => id))), name, pace);
  if (passages.length !== about.passages) throw damaged(name, `${PARTS.passages} does not hold ${about.passages} passages`, PARTS.passages);
  if (queries.length !== about.queries) throw damaged(name, `${PARTS.queries} does not hold ${about.queries} queries`, PARTS.queries);
  const vectors =
    about.index === null
      ? undefined
      : { model: about.index.model, modelSha256: about.index.model_sha256, bytes: (await part("index", 3)).buffer };
  onProgress?.(steps, steps);
  const { id, name: title, created, rule } = about;
  return { record: { id, name: title, created, rule, passages, queries }, vectors, verified };
}

async function bytesOf(file: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    throw new ArchiveError(
      "not-an-archive",
      `${name} can’t be opened. It may have been moved, changed or locked, or it is a folder; choose it again.`,
      undefined,
      { cause },
    );
  }
}

/** Reads `about.json`, without which nothing else is looked at. */
function aboutOf(bytes: Uint8Array<ArrayBuffer> | undefined, name: string): About {
  if (bytes === undefined) throw foreign(name);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw damaged(name, `${ABOUT} is not valid JSON`, ABOUT, cause);
  }
  if (!isRecord(value) || value["kind"] !== KIND) throw foreign(name);
  const { version } = value;
  if (typeof version !== "number" || version > VERSION || version < 1) {
    throw new ArchiveError(
      "archive-version",
      `${name} was written in version ${String(version)} of the format; this page reads up to ${VERSION}. Reload the page, which may be an old one, or export the library again there.`,
      ABOUT,
    );
  }
  const problem = flawOf(value);
  if (problem !== undefined) throw damaged(name, `in ${ABOUT}, ${problem}`, ABOUT);
  return value as unknown as About;
}

/** What is not as it must be. */
function flawOf(about: Record<string, unknown>): string | undefined {
  for (const key of ["id", "name", "created", "rule"]) if (!isShort(about[key])) return `${key} must be a short text`;
  if (!/^[\p{L}\p{M}\p{N}-]{1,80}$/u.test(String(about["id"]))) return "the id must be letters, digits and hyphens";
  for (const key of ["passages", "queries"]) if (!Number.isSafeInteger(about[key])) return `${key} must be a number`;
  const { index, parts } = about;
  if (index !== null && !(isRecord(index) && typeof index["model"] === "string" && typeof index["model_sha256"] === "string"))
    return "index must name its model";
  if (!isRecord(parts)) return "parts must be an object";
  for (const part of [PARTS.passages, PARTS.queries, ...(index === null ? [] : [PARTS.index])]) {
    const said = Object.hasOwn(parts, part) ? parts[part] : undefined;
    if (!isRecord(said) || !Number.isSafeInteger(said["bytes"])) return `the size of ${part} is missing`;
    if (said["sha256"] !== null && !/^[\da-f]{64}$/.test(String(said["sha256"]))) return `the SHA-256 of ${part} is missing`;
  }
  return undefined;
}

function isShort(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= 2000;
}

/** Compares a part with what `about.json` says of it; false where only its size could be compared. */
async function agrees(content: Uint8Array<ArrayBuffer> | undefined, about: About, part: string, name: string): Promise<boolean> {
  const said = about.parts[part];
  if (content === undefined || said === undefined) throw damaged(name, `${part} is missing`, part);
  if (content.length !== said.bytes) throw damaged(name, `${part} has ${content.length} bytes instead of ${said.bytes}`, part);
  const found = said.sha256 === null ? undefined : await sha256(content);
  if (found !== undefined && found !== said.sha256)
    throw damaged(name, `${part} was changed since it was exported (its SHA-256 is another)`, part);
  return found !== undefined;
}

async function lines<T>(
  content: Uint8Array<ArrayBuffer>,
  part: string,
  reader: (value: unknown) => T,
  name: string,
  pace: Pace,
): Promise<T[]> {
  try {
    return await readLines(content, part, reader, pace);
  } catch (error) {
    if (error instanceof LineError) throw damaged(name, error.message, part, error);
    throw error;
  }
}

function foreign(name: string): ArchiveError {
  return new ArchiveError(
    "not-an-archive",
    `${name} is not a library exported from this page. Choose a file that ends in ${ARCHIVE_ENDING}, or add the file as text.`,
  );
}

/** When the library was made, so that the same library gives the same file; ZIP knows the years from 1980 to 2099. */
function dateOf({ created }: LibraryRecord): Date {
  const date = new Date(created);
  const year = date.getFullYear();
  return year > 1980 && year < 2099 ? date : new Date(1980, 0, 1);
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}
