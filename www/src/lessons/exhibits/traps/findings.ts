/** The traps by kind and by what became of them. Pure, so that it can be tested. */

import type { Comparison } from "tabrank/evaluate";
import type { Corpus, LabelledQuery } from "../../../corpus";
import { signed } from "../../../measuring/verdict-text";
import { verdictOn } from "../../../verdict";
import type { Side, TrapsData, TrapsEntry } from "../traps";

/** What became of a question; where both are wrong, whether the cross-encoder had an answer to choose is told apart. */
export type Fate = "both-right" | "corrected" | "spoiled" | "both-wrong" | "not-in-pool";

/** All fates, the best first. */
export const FATES: readonly Fate[] = ["both-right", "corrected", "spoiled", "both-wrong", "not-in-pool"];

/** What fates are called. */
export const FATE_NAMES: Readonly<Record<Fate, string>> = {
  "both-right": "both right",
  corrected: "corrected",
  spoiled: "spoiled",
  "both-wrong": "both wrong",
  "not-in-pool": "no answer in the pool",
};

/** Whether each model puts an answer first. */
export function rightOf(fate: Fate): { readonly scout: boolean; readonly judge: boolean } {
  return { scout: fate === "both-right" || fate === "spoiled", judge: fate === "both-right" || fate === "corrected" };
}

/** A question with its fate. */
export interface Fated {
  readonly query: LabelledQuery;
  readonly fate: Fate;
  /** The verdict in words. */
  readonly text: string;
}

/** A trap and its twin; what isn't in the library is absent. */
export interface FatedPair {
  /** The kind of small word. */
  readonly kind: string;
  readonly traps: Fated;
  readonly twins: Fated | undefined;
}

/** The pairs of one kind. */
export interface Kind {
  readonly kind: string;
  readonly pairs: readonly FatedPair[];
}

/** All pairs by kind, the most frequent kind first; inside a kind by the trap's fate, so that a pair's place is the same on both sides. */
export function byKind(corpus: Corpus, { traps, twins }: TrapsData): Kind[] {
  const queries = new Map(corpus.queries.map((query) => [query.id, query]));
  const fated = new Map(
    [...traps, ...twins].flatMap((entry): [string, Fated][] => {
      const query = queries.get(entry.id);
      return query === undefined ? [] : [[entry.id, fateOf(corpus, query, entry)]];
    }),
  );
  const kinds = new Map<string, FatedPair[]>();
  for (const { id } of traps) {
    const trap = fated.get(id);
    const kind = trap?.query.trap;
    if (trap === undefined || kind === undefined || kind === null) continue;
    const pair = { kind, traps: trap, twins: trap.query.twin === null ? undefined : fated.get(trap.query.twin) };
    const pairs = kinds.get(kind);
    if (pairs === undefined) kinds.set(kind, [pair]);
    else pairs.push(pair);
  }
  const place = (pair: FatedPair): number => FATES.indexOf(pair.traps.fate);
  return [...kinds]
    .map(([kind, pairs]) => ({ kind, pairs: [...pairs].sort((a, b) => place(a) - place(b)) }))
    .sort((a, b) => b.pairs.length - a.pairs.length);
}

function fateOf(corpus: Corpus, query: LabelledQuery, { scout, judge, answer }: TrapsEntry): Fated {
  // The verdict looks into the pool for nothing but whether it holds an answer.
  const retrieved = [scout, ...(answer === null ? [] : [answer])].map((id) => ({ id }));
  const verdict = verdictOn(query, { retrieved, reranked: [{ id: judge }] }, corpus.title);
  const outcome = verdict?.outcome ?? "both-wrong";
  return { query, fate: outcome === "both-wrong" && answer === null ? "not-in-pool" : outcome, text: verdict?.text ?? "" };
}

/** The questions of one side. */
export function sideOf(kinds: readonly Kind[], side: Side): Fated[] {
  return kinds.flatMap(({ pairs }) => pairs.flatMap((pair) => pair[side] ?? []));
}

/** How many met each fate. */
export function count(fated: readonly Fated[], ...fates: readonly Fate[]): number {
  return fated.filter(({ fate }) => fates.includes(fate)).length;
}

/** How often each model is wrong, in a sentence. */
export function tallyText(fated: readonly Fated[], side: Side, pool: number): string {
  const scout = count(fated, "corrected", "both-wrong", "not-in-pool");
  const judge = count(fated, "spoiled", "both-wrong", "not-in-pool");
  const outside = count(fated, "not-in-pool");
  const what = side === "traps" ? "falls into" : "is wrong on";
  return (
    `Of ${fated.length} ${side} the bi-encoder ${what} ${scout}, the cross-encoder, which reads the first ${pool}, ${what} ${judge}: ` +
    `it corrects ${count(fated, "corrected")} and spoils ${count(fated, "spoiled")}.` +
    (outside === 0 ? " An answer was in every pool." : ` For ${outside} no passage that answers was in the pool, so it had no choice.`)
  );
}

/** What the difference can be trusted to say. */
export function certaintyText({ n, difference: { mean, low, high }, verdict }: Comparison, side: Side): string {
  const numbers = `The share of right first places changes by ${signed(mean, 3)}, 95 % interval ${signed(low, 3)} to ${signed(high, 3)}`;
  const says = { helps: "on these questions the cross-encoder is better", hurts: "on these questions the cross-encoder is worse", unclear: `0 is in it, so these ${n} ${side} show no difference` };
  return `${numbers}: ${says[verdict]}.`;
}

/** How many pairs each model gets right as a whole. */
export function pairsText(kinds: readonly Kind[]): string {
  const pairs = kinds.flatMap((kind) => kind.pairs).filter((pair) => pair.twins !== undefined);
  const whole = (model: "scout" | "judge"): number =>
    pairs.filter(({ traps, twins }) => rightOf(traps.fate)[model] && twins !== undefined && rightOf(twins.fate)[model]).length;
  return (
    `Both questions of a pair right, trap and twin: bi-encoder ${whole("scout")} of ${pairs.length}, cross-encoder ${whole("judge")}. ` +
    `A model that doesn’t see the small word can be right on one of the two, hardly on both.`
  );
}
