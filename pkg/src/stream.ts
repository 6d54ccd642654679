/** Results one by one, for `for await`. */

import { linked } from "./abort.js";

/**
 * Begins some work, and gives what it hands out as it comes. The work is stopped as soon as nobody wants more: when the loop is left,
 * or by the caller's own signal.
 */
export async function* streamed<T>(
  signal: AbortSignal | undefined,
  work: (give: (values: readonly T[]) => void, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const { controller, unlink } = linked(signal);
  const waiting: T[] = [];
  let wake = () => {};
  let outcome: { error?: unknown } | undefined;
  const end = (how: { error?: unknown }) => {
    outcome = how;
    wake();
  };
  const give = (values: readonly T[]) => {
    waiting.push(...values);
    wake();
  };
  work(give, controller.signal).then(
    () => end({}),
    (error: unknown) => end({ error }),
  );
  try {
    for (;;) {
      for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) yield value;
      if (outcome) {
        if ("error" in outcome) throw outcome.error;
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    unlink();
    controller.abort();
  }
}
