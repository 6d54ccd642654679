/** Runs one search at a time: a new one stops the one before. */

import type { SearchResult } from "tabrank";
import type { Session } from "./session";

/** What a search is asked for. */
export interface Search {
  readonly query: string;
  readonly pool: number;
}

/** Called as a search goes on. */
export interface SearchHandlers {
  readonly started: (search: Search) => void;
  /** Candidates that the judge has read so far. */
  readonly step: (done: number, total: number) => void;
  readonly finished: (search: Search, result: SearchResult) => void;
  /** The reader stopped it. */
  readonly stopped: (search: Search) => void;
  readonly failed: (search: Search, error: unknown) => void;
}

/** The search that is going on, if any. */
export class Searching {
  readonly #handlers: SearchHandlers;
  #controller: AbortController | undefined;

  constructor(handlers: SearchHandlers) {
    this.#handlers = handlers;
  }

  /** Whether a search is going on. */
  get busy(): boolean {
    return this.#controller !== undefined;
  }

  /** Searches; whatever was going on is dropped without a word. */
  async run(session: Session, search: Search): Promise<void> {
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    const current = (): boolean => this.#controller === controller;
    this.#handlers.started(search);
    try {
      const result = await session.search(search.query, {
        pool: search.pool,
        // The whole order is asked for, so that the left column can say where the judge put each candidate.
        topK: search.pool,
        signal: controller.signal,
        onProgress: (done, total) => {
          if (current()) this.#handlers.step(done, total);
        },
      });
      if (!current()) return;
      this.#controller = undefined;
      this.#handlers.finished(search, result);
    } catch (error) {
      if (!current()) return;
      this.#controller = undefined;
      if (controller.signal.aborted) this.#handlers.stopped(search);
      else this.#handlers.failed(search, error);
    }
  }

  /** Stops the search that is going on. */
  stop(): void {
    this.#controller?.abort();
  }
}
