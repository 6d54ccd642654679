/** Arguments are checked here, before anything is sent to the worker. */

import { BadInputError, RetrieverError } from "./errors.js";
import type { Fusion } from "./evaluate/types.js";
import type { Finder, FusedFinder, PlainDocument } from "./protocol.js";
import type { Candidate, Document, FirstStageOptions } from "./types.js";

const largestU32 = 0xffff_ffff;

/**
 * A text as the engine can take it: UTF-8 can't say half of a surrogate pair, so a lone one becomes U+FFFD, the
 * replacement character, as it does wherever a browser encodes text.
 */
export function wellFormed(text: string): string {
  const modern: { toWellFormed?: () => string } & string = text;
  if (modern.toWellFormed) return modern.toWellFormed();
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** A string, made well-formed. `what` names it in the error. */
export function string(value: unknown, what: string): string {
  if (typeof value !== "string") {
    throw new BadInputError(`${what} must be a string, but it is ${describe(value)}.`);
  }
  return wellFormed(value);
}

/** Strings, made well-formed, in an array of their own. */
export function strings(value: unknown, what: string): string[] {
  array(value, what);
  return Array.from(value, (each, i) => string(each, `${what}[${i}]`));
}

/** A whole number from `least`, usually 1. Anything beyond what the engine can count means "all" just as well. */
export function count(value: unknown, what: string, least = 1): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least) {
    throw new BadInputError(`${what} must be a whole number from ${least}, but it is ${describe(value)}.`);
  }
  return Math.min(value, largestU32);
}

/** An array. */
export function array(value: unknown, what: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new BadInputError(`${what} must be an array, but it is ${describe(value)}.`);
  }
}

/** A document as the caller gave it, and its text as the engine read it, whatever the caller does to the document later. */
export interface Held<M> {
  document: Document<M>;
  text: string;
}

/** Documents as the worker takes them, and a way back from the ids that it gives to what the caller gave. */
export function documents<M>(given: readonly Document<M>[]): { plain: PlainDocument[]; byId: Map<string, Held<M>> } {
  array(given, "documents");
  const byId = new Map<string, Held<M>>();
  const plain = Array.from(given, (document, position) => {
    const what = `documents[${position}]`;
    if (typeof document !== "object" || document === null) {
      throw new BadInputError(`${what} must be an object with id and text, but it is ${describe(document)}.`);
    }
    const id = string(document.id, `${what}.id`);
    if (id === "") throw new BadInputError(`${what}.id is empty. Give each document an id of its own.`);
    if (byId.has(id)) {
      throw new BadInputError(`${what}.id ${JSON.stringify(id)} was used before. Give each document an id of its own.`);
    }
    const text = string(document.text, `${what}.text`);
    byId.set(id, { document, text });
    return { id, text };
  });
  return { plain, byId };
}

/** What a first stage gave, if it is candidates. */
export function candidates<M>(given: unknown): readonly Candidate<M>[] {
  if (!Array.isArray(given)) throw new RetrieverError(`The retriever must give an array of candidates, but it gave ${describe(given)}.`);
  given.forEach((candidate: Partial<Candidate> | null, i) => {
    for (const key of ["id", "text"] as const) {
      const value = candidate?.[key];
      if (typeof value !== "string") throw new RetrieverError(`The retriever must give each candidate a string as ${key}, but that of number ${i + 1} is ${describe(value)}.`);
    }
  });
  return given as Candidate<M>[];
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return "an array";
  return value === undefined ? "undefined" : `of type ${typeof value}`;
}

/** How rankings are fused, as the engine takes it. */
export function fusion(given: Fusion): FusedFinder {
  if (given?.method === "rrf") {
    const { k = 60 } = given;
    if (typeof k === "number" && Number.isFinite(k) && k >= 0) return { kind: "reciprocal-rank", k };
    throw new BadInputError(`fusion.k must be a number from 0, but it is ${describe(k)}.`);
  }
  if (given?.method === "weighted-sum") {
    const { weight } = given;
    if (typeof weight === "number" && weight >= 0 && weight <= 1) return { kind: "weighted-sum", weight };
    throw new BadInputError(`fusion.weight must be a number from 0 to 1, but it is ${describe(weight)}.`);
  }
  throw new BadInputError(`fusion.method must be "rrf" or "weighted-sum", but it is ${describe(given?.["method"])}.`);
}

/** What finds the candidates, as the engine takes it. */
export function finder({ retriever = "dense", fusion: given = { method: "rrf" } }: FirstStageOptions): Finder {
  if (retriever === "dense" || retriever === "bm25") return { kind: retriever };
  if (retriever === "hybrid") return fusion(given);
  throw new BadInputError(`retriever must be "dense", "bm25" or "hybrid", but it is ${describe(retriever)}.`);
}
