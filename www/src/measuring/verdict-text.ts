/** What a comparison comes to, in words. Pure, so that it can be tested. */

import type { Comparison } from "tabrank/evaluate";
import { decimal } from "../view/dom";
import { grouped } from "../numbers";

/** A number with its sign, zero without. */
export function signed(value: number, digits: number): string {
  const text = decimal(value, digits);
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** The verdict in a few words. */
export function headline({ n, verdict }: Comparison): string {
  if (n < 2) return "Too few questions to tell.";
  return { helps: "It helps.", hurts: "It hurts.", unclear: "No difference shown." }[verdict];
}

/** What was compared, in words. */
export interface Compared {
  /** What the metric is called. */
  readonly metric: string;
  /** What the questions are called, as in "plain questions". */
  readonly questions: string;
  readonly pool: number;
}

/** The numbers behind it. */
export function differenceText({ metric, questions, pool }: Compared, { n, before, after, difference, better, worse }: Comparison): string {
  if (n === 0) return `There are no ${questions}.`;
  const { mean, low, high } = difference;
  const interval = n < 2 ? "" : `; 95 % interval ${signed(low, 3)} to ${signed(high, 3)}`;
  const same = n - better - worse;
  return (
    `Over ${n} ${n === 1 ? questions.replace(/s$/, "") : questions} with a pool of ${pool}, ${metric} goes from ${decimal(before.mean, 3)} to ${decimal(after.mean, 3)}: a difference of ` +
    `${signed(mean, 3)}${interval}. ${better} got better, ${worse} worse, ${same} stayed as they were.`
  );
}

/**
 * How many questions it takes until an interval as wide as this one, which narrows with the square root of their number, just reaches from
 * the difference to 0. Undefined where there is no difference, or nothing to estimate it from.
 */
export function questionsNeeded({ n, difference: { mean, low, high } }: Comparison): number | undefined {
  const half = (high - low) / 2;
  if (n < 2 || mean === 0 || half === 0) return undefined;
  return Math.max(2, Math.round(n * (half / Math.abs(mean)) ** 2));
}

/** The same in a sentence; empty where nothing can be said. */
export function neededText(comparison: Comparison): string {
  const { n, verdict, difference } = comparison;
  if (n < 2) return "";
  const needed = questionsNeeded(comparison);
  if (needed === undefined) {
    return difference.mean === 0 ? "The difference is exactly 0 here, so no number of questions can be named that would show one." : "";
  }
  const how = `estimated from the width of the interval, ${n} × (half width ÷ difference)²`;
  const size = decimal(Math.abs(difference.mean), 3);
  if (verdict === "unclear") {
    return (
      `If the true difference were ${size}, about ${rough(needed)} questions like these would be needed for an interval that just stays clear of 0 (${how}); ` +
      `even then every second such set would miss it. With twice as many, one in five would.`
    );
  }
  return `For a difference of this size, about ${rough(needed)} questions might have sufficed (${how}).`;
}

/** A number that claims no more than two digits. */
function rough(value: number): string {
  if (value < 100) return String(value);
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return grouped(Math.round(value / unit) * unit);
}
