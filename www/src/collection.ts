/** What can be searched: passages, what is known of them, and their vectors. */

import type { ModelInfo } from "tabrank";
import type { Corpus } from "./corpus";

/** A library as the session has it indexed. */
export interface Collection {
  /** Undefined for the library of this page. */
  readonly id: string | undefined;
  readonly name: string;
  readonly corpus: Corpus;
  /** The index file that this bi-encoder made of the passages, or of the first of them; undefined where there is none. */
  vectors(model: ModelInfo): Promise<ArrayBuffer | undefined>;
  /** Keeps an index file: from now on `vectors` gives it. Never rejects; where it can't be kept across visits, it is in memory. */
  keep(model: ModelInfo, vectors: ArrayBuffer): Promise<void>;
}

/** The library of this page. `prebuilt` fetches the index file that the default bi-encoder made. */
export function shippedCollection(corpus: Corpus, prebuilt: () => Promise<ArrayBuffer | undefined>): Collection {
  const made = new Map<string, ArrayBuffer>();
  let fetching: Promise<ArrayBuffer | undefined> | undefined;
  return {
    id: undefined,
    name: "The library of this page",
    corpus,
    async vectors({ sha256 }) {
      const own = made.get(sha256);
      if (own !== undefined) return own;
      fetching ??= prebuilt();
      const file = await fetching;
      // Without a connection there was none; there may be one the next time.
      if (file === undefined) fetching = undefined;
      return file;
    },
    async keep({ sha256 }, vectors) {
      made.set(sha256, vectors);
    },
  };
}
