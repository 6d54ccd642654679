/** What first stages come to, in words and numbers. Pure, so that it can be tested. */

import { FIRST_STAGES, type FirstStage } from "../../../measuring/first-stages";
import { signed } from "../../../measuring/verdict-text";
import { decimal } from "../../../view/dom";
import type { Table } from "../../../view/table";
import { percent } from "../pool/findings";
import type { Difference, RetrieversData } from "../retrievers";
import { STAGES } from "./stages";

type Group = RetrieversData["all"];

/** What is held against the vectors alone. */
export interface Measure {
  readonly name: string;
  readonly mean: (stage: FirstStage) => number;
  readonly difference: (stage: FirstStage) => Difference;
}

/** The stages that are held against the vectors. */
export const OTHERS = FIRST_STAGES.filter((stage) => stage !== "dense");

const NONE: Difference = { difference: { mean: 0, low: 0, high: 0 }, verdict: "unclear" };

/** The three measures: the ceiling, the first stage's own order, and what comes out in the end. */
export function measuresOf({ stages }: Group, pool: number, reranked: number): readonly Measure[] {
  return [
    {
      name: `Recall of a pool of ${pool}`,
      mean: (stage) => stages[stage].recall[pool - 1] ?? 0,
      difference: (stage) => stages[stage].recallDifference[pool - 1] ?? NONE,
    },
    { name: "nDCG@10 before reranking", mean: (stage) => stages[stage].ndcg, difference: (stage) => stages[stage].ndcgDifference },
    { name: `nDCG@10 after reranking ${reranked}`, mean: (stage) => stages[stage].reranked, difference: (stage) => stages[stage].rerankedDifference },
  ];
}

/** What pools of this size hold. */
export function poolText({ stages, n }: Group, pool: number): string {
  const shares = FIRST_STAGES.map((stage) => `${STAGES[stage].name} ${percent(stages[stage].recall[pool - 1] ?? 0)}`);
  return `Of the passages that answer, a pool of ${pool} holds: ${shares.join(", ")} (mean over ${n} questions).`;
}

/** What can be concluded on one measure. */
export function againstText({ difference }: Measure): string {
  const of = (verdict: Difference["verdict"]): string[] => OTHERS.filter((stage) => difference(stage).verdict === verdict).map((stage) => STAGES[stage].name);
  const parts = [
    ["Higher", of("helps")],
    ["Lower", of("hurts")],
    ["No difference shown", of("unclear")],
  ] as const;
  const said = parts.filter(([, stages]) => stages.length > 0).map(([verdict, stages]) => `${verdict}: ${stages.join(", ")}.`);
  return said.join(" ");
}

/** All measures in numbers. */
export function measureTable(measures: readonly Measure[]): Table {
  return {
    caption: "Means of four first stages, and differences from the bi-encoder alone with 95 % intervals",
    head: ["First stage", ...measures.flatMap(({ name }) => [name, "difference"])],
    rows: FIRST_STAGES.map((stage) => [
      STAGES[stage].name,
      ...measures.flatMap(({ mean, difference }) => {
        const { mean: middle, low, high } = difference(stage).difference;
        return [decimal(mean(stage), 3), stage === "dense" ? "–" : `${signed(middle, 3)} (${signed(low, 3)} to ${signed(high, 3)})`];
      }),
    ]),
  };
}

/** The recall of every pool in numbers. */
export function recallTable({ stages }: Group): Table {
  return {
    caption: "Recall of pools from 1 on, for four first stages",
    head: ["Pool", ...FIRST_STAGES.map((stage) => STAGES[stage].name)],
    rows: stages.dense.recall.map((_, i) => [String(i + 1), ...FIRST_STAGES.map((stage) => decimal(stages[stage].recall[i] ?? 0, 3))]),
  };
}
