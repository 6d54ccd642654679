/**
 * Parts that the files of two models have in common, such as the word embeddings of a cross-encoder that was trained from a
 * bi-encoder: who fetches both fetches these once.
 */

import type { Bytes } from "./room.js";
import type { ModelRequest } from "./protocol.js";
import type { ModelFile } from "./supply.js";

/** A part of a file that needn't be fetched. */
export interface Known {
  /** Where it begins in the file. */
  at: number;
  bytes: number;
  /** Waits for it; `null` if it can't be had after all. */
  take(): Promise<Bytes | null>;
}

/** What one model's file, the lender, has for another's. */
export class Lending {
  /** For the borrower, in the order of its file. */
  readonly known: readonly Known[] = [];
  #there: readonly { there: number; bytes: number }[] = [];
  #settle: (parts: Bytes[] | null) => void = () => {};

  constructor(lender: ModelRequest | null, borrower: ModelRequest) {
    if (lender?.from !== "manifest" || borrower.from !== "manifest") return;
    const { shared } = borrower.entry;
    if (shared?.with !== lender.id || lender.entry.sha256 !== shared.sha256) return;
    const lent = new Promise<Bytes[] | null>((resolve) => {
      this.#settle = resolve;
    });
    this.#there = shared.parts;
    this.known = shared.parts.map(({ at, bytes }, i) => ({ at, bytes, take: async () => (await lent)?.[i] ?? null }));
  }

  /** Takes copies out of the lender's file, verified as it is; the engine may have the file then. */
  give({ room }: ModelFile): void {
    if (this.known.length === 0) return;
    const file = room.view();
    this.#settle(this.#there.map(({ there, bytes }) => file.slice(there, there + bytes)));
  }

  /** There will be no file. */
  giveUp(): void {
    this.#settle(null);
  }
}
