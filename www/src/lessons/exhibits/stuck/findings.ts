/** Where the passage that answers stands, before and after, and why. Pure, so that it can be tested. */

import type { Corpus, LabelledQuery } from "../../../corpus";
import { markOf, MARKS, type Mark } from "../../../labels";
import { reordered } from "../../../measuring/runs";
import { decimal } from "../../../view/dom";
import type { Table } from "../../../view/table";
import type { StuckData } from "../stuck";

/** A candidate with its places. */
export interface Placed {
  readonly id: string;
  readonly mark: Mark;
  /** Ranks in the first stage and after reranking the pool, from 1. */
  readonly before: number;
  readonly after: number;
  /** Whether the cross-encoder read it. */
  readonly read: boolean;
  readonly cosine: number;
  readonly logit: number;
}

/** All candidates in the first stage's order, with their places after reranking the first `pool` of them. */
export function placed({ candidates }: StuckData, query: LabelledQuery, pool: number): Placed[] {
  const positions = candidates.map((_, i) => i);
  const order = reordered(positions, pool, new Map(candidates.map(({ logit }, i) => [i, logit])));
  const after = new Map(order.map((position, i) => [position, i + 1]));
  return candidates.map(({ id, cosine, logit }, i) => ({ id, mark: markOf(query, id), before: i + 1, after: after.get(i) ?? i + 1, read: i < pool, cosine, logit }));
}

/** The first candidate that answers; undefined where none does. */
export function answerOf(places: readonly Placed[]): Placed | undefined {
  return places.find(({ mark }) => mark === "answers");
}

/** What becomes of the passage that answers, in words. */
export function fateText(corpus: Corpus, places: readonly Placed[], pool: number): string {
  const answer = answerOf(places);
  if (answer === undefined) return `None of the first ${places.length} passages answers this question: no pool up to ${places.length} can hold what isn’t there.`;
  const { before, after, read } = answer;
  const which = places.filter(({ mark }) => mark === "answers").length > 1 ? "The first passage that answers" : "The passage that answers";
  const name = `${which}, “${corpus.title(answer.id)}”, is at rank ${before} of the first stage.`;
  if (!read) return `${name} A pool of ${pool} ends before it. The cross-encoder never reads it, so it stays at ${before}, however well it fits.`;
  if (after < before) return `${name} A pool of ${pool} holds it, and the cross-encoder lifts it to rank ${after}.`;
  return after === before
    ? `${name} A pool of ${pool} holds it, but the cross-encoder leaves it where it was.`
    : `${name} A pool of ${pool} holds it, but the cross-encoder puts it lower, at rank ${after}.`;
}

/** What larger pools would do. */
export function largerText(data: StuckData, query: LabelledQuery): string {
  const deepest = data.candidates.length;
  const answer = answerOf(placed(data, query, 1));
  if (answer === undefined) return "";
  const rankAt = (pool: number): number => placed(data, query, pool).find(({ id }) => id === answer.id)?.after ?? answer.before;
  const rivals = data.candidates.filter(({ logit }, i) => i >= answer.before && logit > (data.candidates[answer.before - 1]?.logit ?? 0)).length;
  const more =
    answer.before === deepest
      ? ""
      : rivals === 0
        ? ` None of the candidates behind it has a higher logit, so a larger pool doesn’t change its rank.`
        : ` With all ${deepest} read it is at rank ${rankAt(deepest)}: larger pools also bring in candidates that the cross-encoder prefers to it, ${rivals} here.`;
  return `The smallest pool that holds it is ${answer.before}; it then comes out at rank ${rankAt(answer.before)}.${more}`;
}

/** One candidate in words. */
export function candidateText(corpus: Corpus, { id, mark, before, after, read, cosine, logit }: Placed): string {
  const { sign, word } = MARKS[mark];
  const then = read ? `read, logit ${decimal(logit, 2)}, now at rank ${after}` : "outside the pool, not read";
  return `Rank ${before}: “${corpus.title(id)}” (${sign} ${word}), cosine ${decimal(cosine, 3)}; ${then}.`;
}

/** All candidates in numbers. */
export function tableOf(corpus: Corpus, places: readonly Placed[], pool: number): Table {
  return {
    caption: `The first ${places.length} passages, and where they stand after reranking a pool of ${pool}`,
    head: ["Passage", "label", "rank before", "cosine", "logit", "rank after"],
    rows: places.map(({ id, mark, before, after, read, cosine, logit }) => [
      corpus.title(id),
      `${MARKS[mark].sign} ${MARKS[mark].word}`,
      String(before),
      decimal(cosine, 3),
      read ? decimal(logit, 2) : "not read",
      String(after),
    ]),
  };
}
