/** The verdict in words: who was right, by the labels, and what the pool left out. Pure, so that it can be tested. */

import type { LabelledQuery } from "./corpus";
import { answersOf, markOf, type Mark } from "./labels";

/** What happened at the top of the two rankings. */
export type Outcome = "corrected" | "both-right" | "both-wrong" | "spoiled";

/** The verdict on a labelled query. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly text: string;
}

/** The first passage of each ranking and the whole pool, by id. */
export interface Rankings {
  readonly retrieved: readonly { readonly id: string }[];
  readonly reranked: readonly { readonly id: string }[];
}

/** A passage that answers but that the judge never read. */
export interface Missing {
  readonly id: string;
  /** Its rank in the first stage, where an earlier search with a larger pool has shown it. */
  readonly rank: number | undefined;
}

const IS: Readonly<Record<Mark, string>> = {
  answers: "answers the question",
  "near-miss": "is a near miss",
  off: "is off the question",
};

/** Says who was right; undefined where either ranking is empty. */
export function verdictOn(query: LabelledQuery, rankings: Rankings, title: (id: string) => string): Verdict | undefined {
  const scout = rankings.retrieved[0]?.id;
  const judge = rankings.reranked[0]?.id;
  if (scout === undefined || judge === undefined) return undefined;
  const scoutMark = markOf(query, scout);
  const judgeMark = markOf(query, judge);
  const trapped = query.trap !== null;
  const scoutFirst = `its first passage, “${title(scout)}”, ${IS[scoutMark]}`;
  const judgeFirst = `“${title(judge)}”, ${IS[judgeMark]}`;

  if (scoutMark === "answers" && judgeMark === "answers") {
    const opening = trapped ? "Neither falls into the trap" : "Both are right";
    const same = scout === judge;
    return {
      outcome: "both-right",
      text: same
        ? `${opening}: both put “${title(scout)}” first, and it answers the question.`
        : `${opening}: “${title(scout)}” comes first for the bi-encoder and “${title(judge)}” for the cross-encoder, and both answer the question.`,
    };
  }
  if (scoutMark === "answers") {
    const opening = trapped ? "The bi-encoder avoids the trap" : "The bi-encoder is right";
    return {
      outcome: "spoiled",
      text: `${opening}: ${scoutFirst}. The cross-encoder ${fallsIn(trapped, judgeMark)}: what it puts first, ${judgeFirst}.`,
    };
  }
  const scoutFalls = `The bi-encoder ${fallsIn(trapped, scoutMark)}: ${scoutFirst}.`;
  if (judgeMark === "answers") {
    return { outcome: "corrected", text: `${scoutFalls} The cross-encoder corrects it: “${title(judge)}” ${IS.answers}.` };
  }
  const pool = new Set(rankings.retrieved.map((entry) => entry.id));
  const hopeless = !answersOf(query).some((id) => pool.has(id));
  if (hopeless) {
    return {
      outcome: "both-wrong",
      text: `${scoutFalls} The cross-encoder cannot correct it: no passage that answers is in the pool.`,
    };
  }
  const again = trapped && scoutMark === "near-miss" && judgeMark === "near-miss" ? "falls in as well" : "is wrong as well";
  const how = scout === judge ? "it leaves the same passage first" : `what it puts first, ${judgeFirst}`;
  return { outcome: "both-wrong", text: `${scoutFalls} The cross-encoder ${again}: ${how}.` };
}

/** The passages that answer but are outside the pool, the fullest answers first. */
export function outsidePool(
  query: LabelledQuery,
  pool: readonly { readonly id: string }[],
  knownRanks: ReadonlyMap<string, number>,
): Missing[] {
  const inside = new Set(pool.map((entry) => entry.id));
  return answersOf(query)
    .filter((id) => !inside.has(id))
    .map((id) => ({ id, rank: knownRanks.get(id) }));
}

/** The recall ceiling in words; undefined where every passage that answers is in the pool. */
export function ceilingOn(
  query: LabelledQuery,
  missing: readonly Missing[],
  poolSize: number,
  title: (id: string) => string,
): string | undefined {
  if (missing.length === 0) return undefined;
  const right = answersOf(query).length;
  const named = missing.map(({ id, rank }) => `“${title(id)}”${rank === undefined ? "" : ` (rank ${rank} in the first stage)`}`);
  const count = right === 1 ? "the one passage that answers" : `${missing.length} of the ${right} passages that answer`;
  const [verb, pronoun] = missing.length === 1 ? ["is", "it"] : ["are", "them"];
  return `Recall ceiling: ${count} ${verb} outside the pool of ${poolSize}; no reranker can bring ${pronoun} back. Left out: ${list(named)}.`;
}

function fallsIn(trapped: boolean, mark: Mark): string {
  return trapped && mark === "near-miss" ? "falls into the trap" : "is wrong";
}

function list(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}
