/** SHA-256 by the browser, where it computes hashes at all: it does so in secure contexts only. */

import type { Passage } from "../corpus";
import { joined } from "./bytes";
import { Pace } from "./pace";

/** The SHA-256 of bytes in lower-case hex; undefined where the browser computes none. */
export async function sha256(bytes: BufferSource): Promise<string | undefined> {
  const subtle = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (subtle === undefined) return undefined;
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The hash of all ids and texts in order, each preceded by its length in 64 bits: the one by which the engine's index
 * files name the documents that they were made of.
 */
export async function contentHash(passages: readonly Pick<Passage, "id" | "text">[], signal?: AbortSignal): Promise<string | undefined> {
  const pace = new Pace(signal);
  const encoder = new TextEncoder();
  const blocks: Uint8Array<ArrayBuffer>[] = [];
  let parts: Uint8Array[] = [];
  for (const { id, text } of passages) {
    for (const part of [encoder.encode(id), encoder.encode(text)]) {
      const length = new DataView(new ArrayBuffer(8));
      length.setBigUint64(0, BigInt(part.length), true);
      parts.push(new Uint8Array(length.buffer), part);
    }
    if (!pace.due) continue;
    // A blob of few parts is made at once, one of very many holds up the page.
    blocks.push(joined(parts));
    parts = [];
    await pace.rest();
  }
  return sha256(await new Blob([...blocks, joined(parts)]).arrayBuffer());
}
