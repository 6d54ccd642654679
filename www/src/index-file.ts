/**
 * The engine's index file, written passage by passage, so that making one can be stopped and gone on with: the file of the first
 * passages is one of those passages, and what `Ranker.exportIndex` would give for them, to the bit.
 *
 * It is a safetensors file: the length of the header in 8 bytes, the header as JSON, then the scales (F32) and the vectors (I8), x = scale q.
 */

import { joined } from "./library/bytes";
import { contentHash, sha256 } from "./library/digest";

/** Vectors in 8 bits. */
export interface Rows {
  readonly width: number;
  readonly scales: readonly Float32Array<ArrayBuffer>[];
  readonly vectors: readonly Int8Array<ArrayBuffer>[];
}

/** What an index file says of itself. */
export interface IndexAbout {
  readonly modelSha256: string;
  /** How many passages it covers. */
  readonly passages: number;
  readonly width: number;
}

interface Passage {
  readonly id: string;
  readonly text: string;
}

const KEY = "tabrank";
const VERSION = 1;

/** Vectors as the engine stores them. The sums and products are those of 32-bit floats. */
export function quantized(vectors: readonly Float32Array[]): Rows {
  const width = vectors[0]?.length ?? 0;
  const scales = new Float32Array(vectors.length);
  const rows = new Int8Array(vectors.length * width);
  for (const [n, vector] of vectors.entries()) {
    let most = 0;
    for (const x of vector) most = Math.max(most, Math.abs(x));
    const scale = Math.fround(most / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    scales[n] = scale;
    // Halves are rounded away from zero.
    for (let i = 0; i < width; i += 1) {
      const value = Math.fround((vector[i] ?? 0) * inverse);
      rows[n * width + i] = Math.sign(value) * Math.round(Math.abs(value));
    }
  }
  return { width, scales: [scales], vectors: [rows] };
}

/** Rows one after the other. */
export function together(first: Rows | undefined, then: Rows): Rows {
  if (first === undefined) return then;
  return { width: then.width, scales: [...first.scales, ...then.scales], vectors: [...first.vectors, ...then.vectors] };
}

/** How many vectors there are. */
export function countOf({ scales }: Rows): number {
  return scales.reduce((sum, some) => sum + some.length, 0);
}

/**
 * The index file of passages, as many as there are rows.
 *
 * @returns undefined where the browser computes no hashes, which the file can't do without.
 */
export async function indexFile(
  rows: Rows,
  passages: readonly Passage[],
  model: { readonly id: string; readonly sha256: string },
): Promise<ArrayBuffer | undefined> {
  const count = countOf(rows);
  const scales = joined(rows.scales.map(bytesOf));
  const vectors = joined(rows.vectors.map(bytesOf));
  const documents = await contentHash(passages.slice(0, count));
  const tensors = await sha256(joined([vectors, scales]));
  if (documents === undefined || tensors === undefined) return undefined;
  const about = { version: VERSION, model: model.id, model_sha256: model.sha256, documents_sha256: documents, tensors_sha256: tensors };
  const header = JSON.stringify({
    __metadata__: { [KEY]: JSON.stringify(about) },
    scales: { dtype: "F32", shape: [count], data_offsets: [0, scales.length] },
    vectors: { dtype: "I8", shape: [count, rows.width], data_offsets: [scales.length, scales.length + vectors.length] },
  });
  const encoded = new TextEncoder().encode(header);
  const padded = new Uint8Array(Math.ceil(encoded.length / 8) * 8).fill(0x20);
  padded.set(encoded);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(padded.length), true);
  return joined([new Uint8Array(length.buffer), padded, scales, vectors]).buffer;
}

/** Reads what an index file covers; undefined if it is none. The engine checks the rest. */
export function aboutIndex(file: ArrayBuffer): IndexAbout | undefined {
  return parsed(file)?.about;
}

/** The rows of an index file, to go on from; undefined if it is none. */
export function rowsOf(file: ArrayBuffer): Rows | undefined {
  const found = parsed(file);
  if (found === undefined) return undefined;
  const { about, data } = found;
  const end = about.passages * 4;
  const length = end + about.passages * about.width;
  if (file.byteLength < data + length) return undefined;
  return {
    width: about.width,
    scales: [new Float32Array(file.slice(data, data + end))],
    vectors: [new Int8Array(file.slice(data + end, data + length))],
  };
}

function parsed(file: ArrayBuffer): { about: IndexAbout; data: number } | undefined {
  try {
    const length = Number(new DataView(file).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length))) as {
      __metadata__: Record<string, string>;
      vectors: { shape: [number, number]; data_offsets: [number, number] };
    };
    const { model_sha256: modelSha256, version } = JSON.parse(header.__metadata__[KEY] ?? "") as { model_sha256: string; version: number };
    const [passages, width] = header.vectors.shape;
    const sound = version === VERSION && [passages, width].every((n) => Number.isSafeInteger(n) && n >= 0);
    // The scales come first, in every file of ours.
    if (!sound || header.vectors.data_offsets[0] !== passages * 4) return undefined;
    return { about: { modelSha256, passages, width }, data: 8 + length };
  } catch {
    return undefined;
  }
}

function bytesOf(numbers: Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
