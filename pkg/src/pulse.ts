/** Notices that a worker has died without a word, as it does where a browser ends it for want of memory: no event tells of that. */

/** Milliseconds from one question to the next. */
const beat = 1000;

/**
 * Asks a worker for a sign of life while something is expected of it. Between two batches it answers, however long its work takes.
 *
 * Time is counted in questions that were left without an answer, not read from a clock: where the machine was suspended, or where
 * the page may not run for being in the background or under a dialog, none are asked, and so none are missed.
 */
export class Pulse {
  readonly #ask: () => void;
  readonly #lost: () => void;
  readonly #patience: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #missed = 0;
  #heard = false;

  /** Calls `lost` once there has been no answer to `patience` questions in a row. */
  constructor(patience: number, ask: () => void, lost: () => void) {
    this.#patience = patience;
    this.#ask = ask;
    this.#lost = lost;
  }

  /** Something is expected from now on. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#missed = 0;
    this.#wait();
  }

  /** Nothing is expected any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The worker said something. */
  heard(): void {
    this.#heard = true;
    this.#missed = 0;
  }

  // One timer after the other: those of an interval that are overdue would all come at once.
  #wait(): void {
    this.#timer = setTimeout(() => {
      if (this.#missed === this.#patience) {
        this.#timer = undefined;
        this.#lost();
        return;
      }
      // A worker of which nothing was heard yet may still be on its way over a slow network.
      if (this.#heard) {
        this.#missed += 1;
        this.#ask();
      }
      this.#wait();
    }, beat);
  }
}
