/** What the measured costs come to, in words. Pure, so that it can be tested. */

import { costAt, type Costs } from "../../../measuring/costs";
import { countText, significant, timeText } from "../../../measuring/quantities";

/** The length, among those that were measured, that is about as long as this library's passages. */
export function usual({ lengths }: Pick<Costs, "lengths">): number {
  return lengths[Math.floor(lengths.length / 2)]?.words ?? 0;
}

/** The time of a comparison with one vector, where it could be measured at all. */
export function compareText({ compare }: Pick<Costs, "compare">): string {
  return compare > 0 ? timeText(compare) : "too little to be measured";
}

/** How far apart the two ways are, in sentences. */
export function costsText(costs: Costs): string {
  const { compare, vectors, question, lengths, device, workers } = costs;
  const words = usual(costs);
  const read = costAt(lengths, words, "read");
  const where = `On this run’s device, ${device}, with ${workers} ${workers === 1 ? "worker" : "workers"}`;
  const pair = `${where}, reading one pair takes ${timeText(read)} if the passage has ${words} words`;
  const as = compare > 0 ? `: as long as comparing a question with ${countText(significant(read / compare, 2))} vectors` : "";
  return (
    `${pair}${as}. For a question to all ${countText(vectors)} passages of this library, the bi-encoder needs ` +
    `${timeText(question + compare * vectors)}, nearly all of it for the question’s own vector; the cross-encoder would need ${timeText(read * vectors)}.`
  );
}

/** What is seen in the chart of lengths, with its numbers. */
export function lengthsText({ lengths, batch, workers }: Costs): string {
  const [short, long] = [lengths[0], lengths.at(-1)];
  if (short === undefined || long === undefined) return "";
  const times = (what: "embed" | "read"): string => `from ${timeText(short[what])} to ${timeText(long[what])}`;
  const hands = workers === 1 ? "One worker does both" : `Pairs are shared by ${workers} workers; vectors are made by one of them alone`;
  return (
    `From ${short.words} words to ${long.words}, the time for a passage’s vector grows ${times("embed")}, the time for a pair ${times("read")}: ` +
    `both pay by the word. ${hands}. Medians of several batches of ${batch} texts.`
  );
}
