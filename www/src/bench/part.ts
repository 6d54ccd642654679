/** What the bench consists of: parts, one shown at a time, that work with the library in use. */

import type { Own, Place } from "../address";
import type { App, Library } from "../app";

/** What every part works with. */
export interface Bench extends Library {
  readonly app: App;
  /** Says a sentence to those who hear the page, and shows it below the navigation of the parts. */
  say(sentence: string): void;
}

/** A part that has been made. */
export interface Part {
  /** Begins with an h2. */
  readonly root: HTMLElement;
  /** Shows what an address asks for: when the reader comes here, and for every move inside the part. */
  show(place: Place): Promise<void> | void;
  /** Called when the reader goes to another part or view: ends whatever searches, as what comes next may want another library. */
  leave(): void;
}

/** A part in the navigation. */
export interface PartEntry {
  /** The value of `bench` in the address. */
  readonly slug: string;
  /** What the navigation calls it. */
  readonly label: string;
  /** Makes it, once. */
  make(bench: Bench): Promise<Part>;
}

/** The part that an address asks for; undefined where there is none of this name. The first is what `?bench` alone asks for. */
export function partOf(own: Own, parts: readonly PartEntry[]): PartEntry | undefined {
  const slug = new Map(own).get("bench") ?? "";
  return slug === "" ? parts[0] : parts.find((part) => part.slug === slug);
}
