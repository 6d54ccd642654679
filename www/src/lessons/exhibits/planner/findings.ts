/** What a plan says, in words. Pure, so that it can be tested. */

import { countText, roundCountText, setTimeText, sizeText, timeText } from "../../../measuring/quantities";
import type { PlannerState } from "./knobs";
import { poolWithin, type Plan, type UnitCosts } from "./arithmetic";

/** Index sizes from which a tab is the wrong place, in bytes: the engine's memory ends at four gigabytes, and holds more than vectors. */
const TAB = 3e9;

/** What the plan comes to. */
export function planText({ documents }: PlannerState, { passages, pool, vectors, bytes, first, both, everything }: Plan): string {
  const holding = passages === documents ? "" : ` (${roundCountText(passages)} passages)`;
  const fits = bytes > TAB ? ", more than a browser’s tab can hold beside the models" : "";
  return (
    `${roundCountText(documents)} documents${holding}: making all vectors takes ${timeText(vectors)}, once, and they take ${sizeText(bytes)}${fits}. ` +
    `After that, a question takes ${timeText(first)} with the bi-encoder alone, ${timeText(both)} with both stages and a pool of ${pool}, and ` +
    `${timeText(everything)} with a cross-encoder that reads everything.`
  );
}

/** Which pool fits the time that a question may take. */
export function budgetText({ budget }: PlannerState, made: Plan, unit: UnitCosts): string {
  const most = poolWithin(budget, made, unit);
  const within = `Within ${setTimeText(budget)}`;
  if (most === undefined) return `${within}, not even the first stage is done: it takes ${timeText(made.first)}.`;
  if (most === 0) return `${within}, the first stage is done, but no candidate can be read.`;
  if (most >= made.passages) return `${within}, the cross-encoder could read every passage.`;
  const fits = made.pool <= most ? `the pool of ${made.pool} fits` : `the pool of ${made.pool} does not fit`;
  return `${within}, the cross-encoder can read ${countText(most)} ${most === 1 ? "candidate" : "candidates"} after the first stage: ${fits}.`;
}

/** How many questions one after another can be answered, in a unit in which there is at least one. */
export function rateText(milliseconds: number): string {
  if (!(milliseconds > 0)) return "";
  const units = [["second", 1e3], ["minute", 60e3], ["hour", 3_600e3], ["day", 86_400e3], ["year", 31_557_600e3]] as const;
  const [unit, size] = units.find(([, length]) => length >= milliseconds) ?? ["year", 31_557_600e3];
  const rate = size / milliseconds;
  return `${rate < 1 ? "less than 1" : rate < 10 ? Number(rate.toPrecision(2)) : countText(rate)} ${unit === "hour" ? "an" : "a"} ${unit}`;
}
