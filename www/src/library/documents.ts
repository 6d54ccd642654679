/** A document as a file gives it, before it is cut into passages. */

import { tidy } from "./decode";

/** What else a file says of a document. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A document of a user's file. */
export interface SourceDocument {
  /** Unique within the library. */
  readonly id: string;
  readonly title?: string;
  readonly text: string;
  readonly metadata?: Metadata;
  /** Name of the file that it comes from. */
  readonly file: string;
}

/** Values nested deeper than this are left out: what writes them later on calls itself once for each level. */
const DEEPEST = 8;

/** A value of a file as metadata: JSON that every store and every reader can take; undefined where nothing is left of it. */
export function asMetadata(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return tidy(value);
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object" || depth >= DEEPEST) return undefined;
  if (Array.isArray(value)) return value.map((item) => asMetadata(item, depth + 1) ?? null);
  const entries = Object.entries(value).map(([key, item]) => [tidy(key), asMetadata(item, depth + 1)] as const);
  return Object.fromEntries(entries.filter(([key, item]) => item !== undefined && key !== "__proto__"));
}

/** Whether this is an object with named fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
