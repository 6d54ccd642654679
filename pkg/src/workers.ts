/** How many workers there should be. */

import { BadInputError } from "./errors.js";
import { count } from "./input.js";
import type { Machine } from "./platform.js";

/** More than this helps no machine that this was measured on, and each worker holds a cross-encoder of its own. */
const usualMost = 4;

/** Beyond this a number is surely a mistake. */
const most = 16;

/**
 * The number of workers where the caller leaves the choice: one per core but for one core that is left to the page, at
 * most 4. Two cores get two workers all the same, as the page is idle while it waits. Devices of 2 GB or less get one:
 * there a tab that takes too much memory is ended, and slow is better than gone. A browser that doesn't say how many
 * cores there are is taken to have two.
 */
export function usualWorkers({ cores = 2, memory }: Machine): number {
  if (memory !== undefined && memory <= 2) return 1;
  if (cores <= 2) return Math.max(1, cores);
  return Math.min(cores - 1, usualMost);
}

/** The number of workers that the option asks for. */
export function workersWanted(option: unknown, machine: Machine): number {
  if (option === undefined || option === "auto") return usualWorkers(machine);
  if (typeof option === "number") return Math.min(count(option, "workers"), most);
  throw new BadInputError(`workers must be a whole number from 1 or "auto", but it is ${JSON.stringify(option)}.`);
}
