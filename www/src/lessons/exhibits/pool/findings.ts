/** What the pool does, in words. Pure, so that it can be tested. */

import { timeText } from "../../../measuring/quantities";
import { signed } from "../../../measuring/verdict-text";
import { decimal } from "../../../view/dom";
import { valueAt } from "../../../view/lines";
import type { Table } from "../../../view/table";
import type { PoolData, PoolState } from "../pool";
import type { GroupKey, MetricKey, PoolCurves, Quality } from "./curves";

/** What groups are called in a sentence. */
const GROUP_WORDS: Readonly<Record<GroupKey, string>> = { all: "questions", traps: "traps" };

/** What metrics are called. */
export const METRIC_NAMES: Readonly<Record<MetricKey, string>> = { "ndcg@10": "nDCG@10", "precision@1": "precision@1" };

/** A share as a percentage, which no line break parts from its sign. */
export function percent(share: number): string {
  return `${decimal(share * 100, 1)}\u00a0%`;
}

/** What is in the pool, and what isn't. */
export function ceilingText({ recall }: PoolCurves, pool: number): string {
  const inside = recall[pool - 1] ?? 0;
  return inside < 0.9995
    ? `A pool of ${pool} holds ${percent(inside)} of the passages that answer. The other ${percent(1 - inside)} no reranker can bring back.`
    : `A pool of ${pool} holds all passages that answer: here nothing is out of the reranker’s reach.`;
}

/** What reranking makes of the pool, and whether that is a difference. */
export function qualityText(curves: PoolCurves, { pool, group, metric }: PoolState): string {
  const { before, pools } = curves.quality[metric];
  const quality = pools[pool - 1];
  if (quality === undefined) return "";
  const name = METRIC_NAMES[metric];
  const means = `${name} is ${decimal(before, 3)} before reranking, ${decimal(quality.after, 3)} after it, and would be ${decimal(quality.perfect, 3)} with a judge that makes no mistake.`;
  return `${means} ${differenceText(quality, before, curves.n, group)}`;
}

function differenceText({ after, low, high, verdict }: Quality, before: number, n: number, group: GroupKey): string {
  if (low === 0 && high === 0) return "Not one question’s result is changed.";
  const numbers = `The difference is ${signed(after - before, 3)}, 95 % interval ${signed(low, 3)} to ${signed(high, 3)}`;
  const says = {
    helps: `at this pool, reranking helps on these ${n} ${GROUP_WORDS[group]}`,
    hurts: `at this pool, reranking hurts on these ${n} ${GROUP_WORDS[group]}`,
    unclear: `0 is in it, so these ${n} ${GROUP_WORDS[group]} show no difference`,
  };
  return `${numbers}: ${says[verdict]}.`;
}

/** What a question takes with this pool. */
export function latencyText({ latency }: PoolData, pool: number): string {
  const [median, slow] = [valueAt(latency.map((one) => [one.pool, one.p50] as const), pool), valueAt(latency.map((one) => [one.pool, one.p95] as const), pool)];
  if (median === undefined || slow === undefined) return "How long a question takes was not measured.";
  const measured = latency.find((one) => one.pool === pool);
  const how = measured === undefined ? "between the pools that were timed" : `${measured.n} questions timed`;
  return `A question takes ${timeText(median)} (median; one in twenty longer than ${timeText(slow)}; ${how}).`;
}

/** What is to be seen over all pools. */
export function overallText(curves: PoolCurves, metric: MetricKey): string {
  const { recall, quality } = curves;
  const { before, pools } = quality[metric];
  const deepest = recall.length;
  const best = pools.reduce((found, one, i) => (one.after > (pools[found]?.after ?? 0) ? i : found), 0) + 1;
  const name = METRIC_NAMES[metric];
  const at = (pool: number): string => decimal(pools[pool - 1]?.after ?? 0, 3);
  const top = best === 1 ? `It is nowhere above the first stage’s ${decimal(before, 3)}` : `It is highest at pool ${best} (${at(best)}; the first stage alone has ${decimal(before, 3)})`;
  const count = (verdict: Quality["verdict"]): number => pools.filter((one) => one.verdict === verdict).length;
  const [helps, hurts] = [count("helps"), count("hurts")];
  const verdicts =
    helps + hurts === 0
      ? `At none of the ${deepest} pools does the interval of the difference leave 0.`
      : `The interval of the difference is wholly above 0 at ${helps} of the ${deepest} pools, and wholly below at ${hurts}.`;
  return (
    `From pool 1 to ${deepest}, recall rises from ${percent(recall[0] ?? 0)} to ${percent(recall.at(-1) ?? 0)}. ` +
    `${name} after reranking ends at ${at(deepest)}. ${top}. ${verdicts}`
  );
}

/** How to read the drawing. */
export const READING =
  "The band is the 95 % interval of the difference from the first stage, laid around the line of reranking: where the dashed line runs inside it, these questions show no difference.";

/** All pools in numbers. */
export function tableOf(data: PoolData, group: GroupKey, metric: MetricKey): Table {
  const curves = data.groups[group];
  const { before, pools } = curves.quality[metric];
  const name = METRIC_NAMES[metric];
  return {
    caption: `Recall, ${name} and time of every pool; ${name} before reranking is ${decimal(before, 3)}`,
    head: ["Pool", "recall", `${name} before`, "after", "difference", "95 % interval", "perfect judge", "median time", "95 %"],
    rows: pools.map(({ after, low, high, perfect }, i) => {
      const timed = data.latency.find(({ pool }) => pool === i + 1);
      return [
        String(i + 1),
        decimal(curves.recall[i] ?? 0, 3),
        decimal(before, 3),
        decimal(after, 3),
        signed(after - before, 3),
        `${signed(low, 3)} to ${signed(high, 3)}`,
        decimal(perfect, 3),
        timed === undefined ? "–" : timeText(timed.p50),
        timed === undefined ? "–" : timeText(timed.p95),
      ];
    }),
  };
}
