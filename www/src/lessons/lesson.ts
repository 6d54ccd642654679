/** Lessons as the page has them: made at build time of the files in lessons/. */

import type { Recorded } from "./recorded";

/** A lesson in the list. */
export interface LessonEntry {
  /** From 1, in the order of the files. */
  readonly number: number;
  /** Its name in the address. */
  readonly slug: string;
  readonly title: string;
  /** A sentence on what it is about. */
  readonly summary: string;
  /** Time that it takes in class. */
  readonly minutes: number;
  readonly headings: readonly Heading[];
  load(): Promise<Lesson>;
}

/** A heading inside a lesson. */
export interface Heading {
  /** Of the element. */
  readonly id: string;
  readonly text: string;
}

/** What a lesson consists of. */
export interface Lesson {
  /** The text; `<figure data-exhibit="1">` stands for the first exhibit. */
  readonly html: string;
  readonly exhibits: readonly ExhibitEntry[];
}

/** An exhibit of a lesson. */
export interface ExhibitEntry {
  readonly kind: string;
  readonly title: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Loads the recorded run; absent where there is none. */
  readonly recorded?: () => Promise<Recorded>;
}
