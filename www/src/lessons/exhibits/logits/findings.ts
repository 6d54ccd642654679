/** What a threshold makes of logits, in numbers and words. Pure, so that it can be tested. */

import type { Mark } from "../../../labels";
import { decimal } from "../../../view/dom";
import type { LogitsByMark, LogitsData, ModelLogits } from "../logits";
import { grouped } from "../../../numbers";

/** All marks, the best first. */
export const MARK_ORDER: readonly Mark[] = ["answers", "near-miss", "off"];

/** The logit as a number between 0 and 1, in the same order. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** The logit that a sigmoid is of. */
export function unsigmoid(value: number): number {
  return Math.log(value / (1 - value));
}

/** How many of ascending numbers are at least a threshold. */
export function atLeast(ascending: readonly number[], threshold: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) >= threshold) high = middle;
    else low = middle + 1;
  }
  return ascending.length - low;
}

/** What passes a threshold. */
export interface Passing {
  readonly pairs: number;
  readonly passed: number;
  /** Of all pairs, those that answer; and of those that passed. */
  readonly answers: number;
  readonly found: number;
  /** Share of answers among what passed; undefined where nothing did. */
  readonly precision: number | undefined;
  /** Share of the answers that passed; undefined where there are none. */
  readonly recall: number | undefined;
}

/** What passes a threshold. */
export function passing(logits: LogitsByMark, threshold: number): Passing {
  const pairs = MARK_ORDER.reduce((sum, mark) => sum + logits[mark].length, 0);
  const passed = MARK_ORDER.reduce((sum, mark) => sum + atLeast(logits[mark], threshold), 0);
  const answers = logits.answers.length;
  const found = atLeast(logits.answers, threshold);
  return { pairs, passed, answers, found, precision: passed === 0 ? undefined : found / passed, recall: answers === 0 ? undefined : found / answers };
}

/** The threshold that as many answers pass as a number says; undefined for none of them. */
export function thresholdFor(logits: LogitsByMark, answers: number): number | undefined {
  return answers < 1 ? undefined : logits.answers[Math.max(0, logits.answers.length - answers)];
}

/** A bar of a histogram: a stretch of numbers, and what share of all lies in it. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/** A histogram of numbers over a stretch in bins of one width; the last bin holds its upper end. */
export function histogram(values: readonly number[], from: number, to: number, bins: number): Bin[] {
  const width = (to - from) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.max(0, Math.min(bins - 1, Math.floor((value - from) / width)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((count, i) => ({ from: from + i * width, to: from + (i + 1) * width, share: values.length === 0 ? 0 : count / values.length }));
}

/** From the least logit of all models to the greatest, in whole numbers, with room on both sides. */
export function extent(models: readonly ModelLogits[]): [low: number, high: number] {
  const ends = models.flatMap(({ logits }) => MARK_ORDER.flatMap((mark) => [logits[mark][0], logits[mark].at(-1)])).filter((one) => one !== undefined);
  return [Math.floor(Math.min(0, ...ends)), Math.ceil(Math.max(1, ...ends))];
}

/** What passes the threshold, in a sentence. */
export function passingText({ logits }: ModelLogits, threshold: number): string {
  const { pairs, passed, answers, found, precision, recall } = passing(logits, threshold);
  if (passed === 0) return `Of ${grouped(pairs)} pairs none reaches ${decimal(threshold, 2)}.`;
  const percent = (share: number | undefined): string => (share === undefined ? "–" : `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`);
  return (
    `${grouped(passed)} of ${grouped(pairs)} pairs reach ${decimal(threshold, 2)}. ${found} of these answer: precision ${percent(precision)}. ` +
    `They are ${found} of the ${answers} answers that were read: recall ${percent(recall)}.`
  );
}

/** Where the second model's threshold would have to be; empty where there is no second model. */
export function travelText({ models: [first, second] }: LogitsData, threshold: number): string {
  if (first === undefined || second === undefined) return "";
  const { found, answers } = passing(first.logits, threshold);
  const elsewhere = thresholdFor(second.logits, found);
  if (elsewhere === undefined) return `At this threshold ${first.model} lets no answer pass, so there is nothing to match.`;
  const same = passing(second.logits, threshold);
  return (
    `The threshold that lets ${found} of ${answers} answers pass is ${decimal(threshold, 2)} for ${first.model} and ${decimal(elsewhere, 2)} for ` +
    `${second.model}; at ${decimal(threshold, 2)} the latter lets ${same.found} pass.`
  );
}

/** What was read, and what wasn't. */
export function readText({ models, questions, outside }: LogitsData, pool: number): string {
  const [first] = models;
  const counts = MARK_ORDER.map((mark) => `${grouped(first?.logits[mark].length ?? 0)} ${KINDS[mark]}`);
  const more = outside === 1 ? "1 more passage answers, but was" : `${outside} more passages answer, but were`;
  const left = outside === 0 ? "" : ` ${more} outside the pools, and a threshold can’t find what wasn’t read.`;
  return `Read: ${pool} candidates for each of ${questions} questions; ${counts.join(", ")}.${left}`;
}

/** The middle of ascending numbers and others of their places, from 0 to 1. */
export function quantile(ascending: readonly number[], share: number): number | undefined {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)];
}

/** Where the grades lie, in a sentence. */
export function gradesText({ model, logits }: ModelLogits): string {
  const middle = (mark: Mark): string => decimal(quantile(logits[mark], 0.5) ?? Number.NaN, 2);
  const present = MARK_ORDER.filter((mark) => logits[mark].length > 0);
  return `${model}: the middle logit is ${present.map((mark) => `${middle(mark)} for ${NAMES[mark]}`).join(", ")}.`;
}

const KINDS: Readonly<Record<Mark, string>> = { answers: "that answer", "near-miss": "near misses", off: "off the question" };

const NAMES: Readonly<Record<Mark, string>> = { answers: "answers", "near-miss": "near misses", off: "passages off the question" };
