/** Callers are let go of the moment their signal fires. */

import { aborted } from "./errors.js";

/**
 * What `work` comes to, or an `AbortError` as soon as the signal fires; `onAbort` then runs first. Whatever becomes of
 * the work after that is nobody's business.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, onAbort?: () => void): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => {
      signal.removeEventListener("abort", abort);
      onAbort?.();
      reject(aborted(signal));
    };
    const settled = () => signal.removeEventListener("abort", abort);
    // Before the signal is looked at: the work must have a listener even if nobody waits for it.
    work.then(resolve, reject).finally(settled);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  });
}
