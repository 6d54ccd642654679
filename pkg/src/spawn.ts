/**
 * Starting workers. Workers themselves must not import this: a worker's script that names itself as a worker makes one bundler complain
 * and another go on for ever.
 */

import { UnsupportedBrowserError, WorkerCrashedError } from "./errors.js";
import type { WorkerLike } from "./platform.js";

/** How workers are started. */
export interface Spawn {
  /** Throws if there can be none. */
  insist(): void;
  start(): WorkerLike;
}

/** On a page. */
export const spawn: Spawn = {
  insist() {
    if (typeof Worker !== "undefined") return;
    throw new UnsupportedBrowserError(
      "There are no web workers here. tabrank runs in browsers and in Node: elsewhere, call load() only in the part that runs in the browser.",
    );
  },
  start() {
    try {
      // Bundlers recognize this form, and only this form, written out in one expression.
      return new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "tabrank" });
    } catch (cause) {
      throw new WorkerCrashedError(`The worker could not be started (${String(cause)}). Serve this package's files from the page's own origin.`, {
        cause,
      });
    }
  },
};

/** Says that workers are started in another way. */
export function spawnBy(other: Spawn): void {
  Object.assign(spawn, other);
}
