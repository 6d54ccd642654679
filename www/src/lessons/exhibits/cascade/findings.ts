/** What the cascade shows, in words. Pure, so that it can be tested. */

import { timeText } from "../../../measuring/quantities";
import { decimal } from "../../../view/dom";
import { sameWay, type CascadeData, type CascadeInput, type CascadeState, type Difference, type Measured, type Way } from "./knobs";

/** What a way is called. */
export function nameOf({ by, reads }: Way): string {
  switch (by) {
    case "first":
      return "bi-encoder alone";
    case "cascade":
      return `cascade ${reads.join(" → ")}`;
    default:
      return `${by} alone on ${reads[0]}`;
  }
}

/** A way that was measured. */
export function measuredWay({ ways }: CascadeData, way: Way): Measured | undefined {
  return ways.find((one) => sameWay(one, way));
}

/** The ways that the sliders compare: the bi-encoder, each cross-encoder alone, and the cascade, each once. */
export function compared(data: CascadeData, { against }: CascadeInput, { read: [first, then] }: CascadeState): Measured[] {
  const wanted: Way[] = [
    { by: "first", reads: [] },
    { by: "large", reads: [against] },
    { by: "large", reads: [then] },
    { by: "large", reads: [first] },
    { by: "small", reads: [first] },
    ...(then < first ? [{ by: "cascade", reads: [first, then] } as const] : []),
  ];
  const once = wanted.filter((way, i) => wanted.findIndex((other) => sameWay(way, other)) === i);
  return once.flatMap((way) => measuredWay(data, way) ?? []);
}

/** A number with its sign. */
export function signed(value: number, digits = 3): string {
  const text = decimal(value, digits);
  return value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${text}` : text;
}

/** A difference with its interval. */
export function differenceText({ mean, low, high }: Difference): string {
  return `${signed(mean)} (${signed(low)} to ${signed(high)})`;
}

const VERDICTS: Readonly<Record<Difference["verdict"], string>> = {
  helps: "on these questions, the cascade is better",
  hurts: "on these questions, the cascade is worse",
  unclear: "these questions can’t tell the two apart",
};

/** What the cascade comes to against the large cross-encoder alone. */
export function cascadeText(data: CascadeData, input: CascadeInput, { read: [first, then] }: CascadeState): string {
  const base = measuredWay(data, { by: "large", reads: [input.against] });
  const both = measuredWay(data, { by: "cascade", reads: [first, then] });
  if (base === undefined) return "";
  const start = `${input.large}, alone on ${input.against}, has an nDCG@10 of ${decimal(base.ndcg.mean, 3)} and takes ${timeText(base.time.p50)} for a question (the median).`;
  const same = input.small === input.large ? " Both cross-encoders are the same one here: choose another to see a cascade." : "";
  if (both === undefined) return `${start} There is no cascade where the second cross-encoder would read all that the first has read.${same}`;
  const change = both.difference === null ? "" : `, a difference of ${differenceText(both.difference.ndcg)}: ${VERDICTS[both.difference.ndcg.verdict]}`;
  return `${start} The cascade, ${input.small} on ${first} and then ${input.large} on ${then}, has ${decimal(both.ndcg.mean, 3)} in ${timeText(both.time.p50)}${change}.${same}`;
}

/** What reading is worth at all here. */
export function worthText(data: CascadeData, input: CascadeInput): string {
  const first = measuredWay(data, { by: "first", reads: [] });
  if (first?.difference == null) return "";
  const { verdict, mean } = first.difference.ndcg;
  const start = `The bi-encoder alone has ${decimal(first.ndcg.mean, 3)} in ${timeText(first.time.p50)}`;
  switch (verdict) {
    case "hurts":
      return `${start}: on these questions, having ${input.large} read ${input.against} is worth its time.`;
    case "helps":
      return `${start}, more than with ${input.large} reading ${input.against}: on these questions, reading makes it worse.`;
    case "unclear":
      return `${start}, ${mean === 0 ? "as much as" : mean > 0 ? "more than" : "less than"} with ${input.large} reading ${input.against}, but within what chance explains: these questions don’t show that reading helps.`;
  }
}

/** How it was measured. */
export function methodText({ questions, timed, readers }: CascadeData, { against, small, large }: CascadeInput): string {
  const { small: a, large: b } = readers;
  const workers = (count: number): string => `${count} ${count === 1 ? "worker" : "workers"}`;
  const who = a.device === b.device && a.workers === b.workers ? `both on ${a.device}, ${workers(a.workers)}` : `${small} on ${a.device}, ${workers(a.workers)}, ${large} on ${b.device}, ${workers(b.workers)}`;
  const some = timed < questions ? `, on ${timed} of the questions, as scores of the others were known` : "";
  return (
    `${questions} labelled questions; ${who}. Times were taken at ${against} and at 100 pairs${some}, and are in proportion between; a cascade’s is the sum of ` +
    `its stages’. Intervals hold 95 % of samples drawn anew from the questions (bootstrap); differences are drawn question by question. The scale of nDCG@10 is cut.`
  );
}

/** What is to be seen in the drawing, for those who don't see it. */
export function drawingText(ways: readonly Measured[]): string {
  const one = (way: Measured): string =>
    `${nameOf(way)}: ${decimal(way.ndcg.mean, 3)} (${decimal(way.ndcg.low, 3)} to ${decimal(way.ndcg.high, 3)}) in ${timeText(way.time.p50)}`;
  return `nDCG@10 by the time for a question. ${ways.map(one).join("; ")}.`;
}
