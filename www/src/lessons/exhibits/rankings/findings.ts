/** Where four first stages have what answers a question. Pure, so that it can be tested. */

import type { Corpus, LabelledQuery } from "../../../corpus";
import { markOf, MARKS } from "../../../labels";
import { FIRST_STAGES, type FirstStage } from "../../../measuring/first-stages";
import { decimal } from "../../../view/dom";
import type { Table } from "../../../view/table";
import type { RankingsData } from "../rankings";
import { STAGES } from "../retrievers/stages";

/** Digits of each stage's scores: they are of different kinds, and not to be compared. */
export const DIGITS: Readonly<Record<FirstStage, number>> = { bm25: 1, dense: 3, rrf: 4, sum: 3 };

/** Rank of the first passage that answers, from 1; undefined where none was found. */
export function firstAnswer({ stages }: RankingsData, query: LabelledQuery, stage: FirstStage): number | undefined {
  const at = stages[stage].findIndex(({ id }) => markOf(query, id) === "answers");
  return at < 0 ? undefined : at + 1;
}

/** Where the first answer is, for all stages. */
export function answersText(data: RankingsData, query: LabelledQuery | undefined): string {
  if (query === undefined) return "Nobody has labelled this question, so the page can’t say which passages answer it.";
  const places = FIRST_STAGES.map((stage) => {
    const rank = firstAnswer(data, query, stage);
    return rank === undefined ? `nowhere among ${data.stages[stage].length} by ${STAGES[stage].by}` : `at rank ${rank} by ${STAGES[stage].by}`;
  });
  return `The first passage that answers is ${places.join(", ")}.`;
}

/** What the weight was. */
export function weightText({ weight }: RankingsData, query: LabelledQuery | undefined): string {
  const from = query === undefined ? "the labelled questions" : "labelled questions, this one not among them";
  return `In the weighted sum the cosine counts ${decimal(weight, 2)} and BM25 ${decimal(1 - weight, 2)}, learned from ${from}. Scores of different columns can’t be compared.`;
}

/** The rankings in numbers, down to some rank. */
export function tableOf(corpus: Corpus, { stages }: RankingsData, query: LabelledQuery | undefined, depth: number): Table {
  return {
    caption: `The first ${depth} passages of four first stages`,
    head: ["Rank", ...FIRST_STAGES.flatMap((stage) => [STAGES[stage].name, "score"])],
    rows: Array.from({ length: depth }, (_, i) => [
      String(i + 1),
      ...FIRST_STAGES.flatMap((stage) => {
        const found = stages[stage][i];
        if (found === undefined) return ["–", "–"];
        const sign = query === undefined ? "" : `${MARKS[markOf(query, found.id)].sign} `;
        return [`${sign}${corpus.title(found.id)}`, decimal(found.score, DIGITS[stage])];
      }),
    ]),
  };
}
