/** One after the other: what is asked at once is done in the order in which it was asked. */

import { untilAborted } from "./abort.js";

/** A line of waiting work. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs `work` when all earlier work has ended, in whatever way. Aborted before that, it is never begun. */
  take<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    const turn = untilAborted(before, signal).then(work);
    // One that gave up waiting doesn't let the next one pass those before it. Outcomes are dropped, not kept in a chain.
    this.#last = Promise.allSettled([before, turn]).then(() => undefined);
    return turn;
  }
}
