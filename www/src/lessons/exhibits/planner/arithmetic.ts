/** What a pipeline would cost at any size: multiplication and addition of measured costs. Pure, so that it can be tested. */

import { bytesOf, costAt, type Costs } from "../../../measuring/costs";
import type { PlannerState } from "./knobs";
import { usual } from "../costs/findings";

/** What one unit of each kind of work costs, in milliseconds. */
export interface UnitCosts {
  /** A question's vector. */
  readonly question: number;
  /** A passage's vector. */
  readonly passage: number;
  /** Comparing a question with one vector. */
  readonly compare: number;
  /** Reading one pair. */
  readonly pair: number;
}

/** Costs that the reader has typed, for passages of the usual length; null where the measured one counts. */
export type OwnCosts = Readonly<Record<keyof UnitCosts, number | null>>;

/** None of them typed. */
export const NO_OWN: OwnCosts = { question: null, passage: null, compare: null, pair: null };

/** The measured costs for passages of so many words. */
export function measuredCosts(costs: Costs, words: number): UnitCosts {
  const { question, compare, lengths } = costs;
  return { question, compare, passage: costAt(lengths, words, "embed"), pair: costAt(lengths, words, "read") };
}

/** The costs that count: those typed for passages of the usual length are brought to other lengths as the measured ones are. */
export function unitCosts(costs: Costs, words: number, own: OwnCosts): UnitCosts {
  const [here, usually] = [measuredCosts(costs, words), measuredCosts(costs, usual(costs))];
  const longer = (what: "passage" | "pair"): number => (usually[what] > 0 ? here[what] / usually[what] : 1);
  return {
    question: own.question ?? here.question,
    compare: own.compare ?? here.compare,
    passage: own.passage === null ? here.passage : own.passage * longer("passage"),
    pair: own.pair === null ? here.pair : own.pair * longer("pair"),
  };
}

/** A pipeline's costs: times in milliseconds. */
export interface Plan {
  readonly passages: number;
  /** Pairs that the cross-encoder reads in the second stage: the pool, or all passages if there are fewer. */
  readonly pool: number;
  /** Making all vectors, once. */
  readonly vectors: number;
  /** What the vectors take, in bytes. */
  readonly bytes: number;
  /** For each question: the first stage alone, both stages, the cross-encoder on every passage. */
  readonly first: number;
  readonly both: number;
  readonly everything: number;
}

/** What is planned. */
export type Wanted = Pick<PlannerState, "documents" | "perDocument" | "pool">;

/** The costs of a pipeline. */
export function plan({ documents, perDocument, pool: wanted }: Wanted, unit: UnitCosts, width: number): Plan {
  const passages = documents * perDocument;
  const pool = Math.min(wanted, passages);
  const first = unit.question + passages * unit.compare;
  return {
    passages,
    pool,
    vectors: passages * unit.passage,
    bytes: passages * bytesOf(width),
    first,
    both: first + pool * unit.pair,
    everything: passages * unit.pair,
  };
}

/** How many candidates can be read within a time, after the first stage; undefined where this alone takes longer. */
export function poolWithin(budget: number, { first, passages }: Plan, { pair }: UnitCosts): number | undefined {
  const left = budget - first;
  if (left < 0) return undefined;
  return pair > 0 ? Math.min(passages, Math.floor(left / pair)) : passages;
}
