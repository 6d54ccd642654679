/**
 * ZIP files, read by their directory at the end, which says where each entry is and how long. Nothing is unpacked that
 * isn't asked for, nor more than is allowed, and the page goes on in between.
 */

import { Inflate } from "fflate";
import { joined } from "./bytes";
import { ArchiveError } from "./errors";
import type { Pace } from "./pace";

/** An entry of a ZIP file. */
export interface Entry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  /** Bytes in the file, and unpacked, as the directory has them. */
  readonly packed: number;
  readonly size: number;
  /** CRC-32 of what it unpacks to. */
  readonly crc: number;
  /** Where its local header begins. */
  readonly at: number;
}

/** Bytes that are unpacked at a time; they may become a thousand times as many. */
const SLICE = 16_384;

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/** Whether these bytes begin as a ZIP file does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The entries of a ZIP file, by name.
 *
 * @throws {@link ArchiveError} where the directory is damaged, or of a kind that isn't read here.
 */
export function directoryOf(bytes: Uint8Array, file: string): Map<string, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  if (end === undefined) throw damaged(file, "its end is missing");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries = new Map<string, Entry>();
  for (let n = 0; n < count; n += 1) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) throw damaged(file, "its directory is broken");
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [number, number, number];
    if (at + 46 + nameLength + extra + comment > end) throw damaged(file, "its directory is broken");
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (entries.has(name)) throw damaged(file, `it holds ${name} twice`);
    if ((view.getUint16(at + 8, true) & 1) === 1) throw damaged(file, `${name} is encrypted`);
    const field = (offset: number): number => view.getUint32(at + offset, true);
    entries.set(name, { name, method: view.getUint16(at + 10, true), crc: field(16), packed: field(20), size: field(24), at: field(42) });
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}

/** The record at the end, behind which only a comment may stand. */
function endOf(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= 0 && at >= view.byteLength - 22 - 0xffff; at -= 1) {
    if (view.getUint32(at, true) === END) return at;
  }
  return undefined;
}

/**
 * Unpacks an entry of at most `limit` bytes.
 *
 * @throws {@link ArchiveError} where it is larger, or isn't what the directory says.
 */
export async function unpacked(bytes: Uint8Array, entry: Entry, limit: number, file: string, pace: Pace): Promise<Uint8Array<ArrayBuffer>> {
  const { name, size, method } = entry;
  const tooLarge = (): ArchiveError =>
    new ArchiveError(
      "archive-too-large",
      `${file}: ${name} unpacks to more than ${Math.floor(limit / 1e6)} MB, more than is read. If it is a library of yours, split it and export the parts.`,
      name,
    );
  if (size > limit) throw tooLarge();
  const packed = dataOf(bytes, entry, file);
  if (method !== 0 && method !== 8) throw damaged(file, `${name} is compressed in a way that isn’t read here`, name);
  const parts: Uint8Array[] = [];
  let length = 0;
  const crc = new Crc();
  const take = (part: Uint8Array): void => {
    length += part.length;
    crc.push(part);
    parts.push(part);
  };
  const inflate = new Inflate(take);
  for (let at = 0; at < packed.length || at === 0; at += SLICE) {
    const slice = packed.subarray(at, at + SLICE);
    try {
      if (method === 0) take(slice);
      else inflate.push(slice, at + SLICE >= packed.length);
    } catch (cause) {
      throw damaged(file, `${name} can’t be unpacked`, name, cause);
    }
    if (length > limit) throw tooLarge();
    if (length > size) break;
    if (pace.due) await pace.rest();
  }
  if (length !== size) throw damaged(file, `${name} is not as long as the archive says`, name);
  if (crc.value !== entry.crc) throw damaged(file, `${name} is not what was packed (its CRC-32 is another)`, name);
  return joined(parts);
}

/** The packed bytes of an entry. */
function dataOf(bytes: Uint8Array, { at, packed, name }: Entry, file: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 30 > bytes.length || view.getUint32(at, true) !== LOCAL) throw damaged(file, `${name} is not where the archive says`, name);
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + packed > bytes.length) throw damaged(file, `${name} is cut off`, name);
  return bytes.subarray(start, start + packed);
}

/** The checksum of ZIP files, as bytes come. */
class Crc {
  static readonly #table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    return rest;
  });
  #state = 0xffffffff;

  push(bytes: Uint8Array): void {
    const table = Crc.#table;
    let state = this.#state;
    for (const byte of bytes) state = (state >>> 8) ^ (table[(state ^ byte) & 0xff] ?? 0);
    this.#state = state;
  }

  get value(): number {
    return ~this.#state >>> 0;
  }
}

/** The error of an archive that is not as it was written. */
export function damaged(file: string, problem: string, part?: string, cause?: unknown): ArchiveError {
  const message = `${file} is damaged: ${problem}. Export the library again where it came from, or copy the file again.`;
  return new ArchiveError("archive-damaged", message, part, { cause });
}
