/** Callers are let go of the moment their signal fires. */

import { aborted } from "./errors.js";

/** A controller that also aborts, with the same reason, when one of these signals does, until it is let go of. */
export function linked(...signals: readonly (AbortSignal | undefined)[]): { controller: AbortController; unlink(): void } {
  const controller = new AbortController();
  const links = signals.flatMap((signal) => {
    if (!signal) return [];
    const stop = () => controller.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    return [() => signal.removeEventListener("abort", stop)];
  });
  return { controller, unlink: () => links.forEach((unlink) => unlink()) };
}

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
