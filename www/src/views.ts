/** What the page shows, one at a time. A new view is an entry here and a file that makes it. */

import type { Place } from "./address";
import type { App } from "./app";
import { makeSearchView } from "./view/search-view";

/** A view that has been made. */
export interface View {
  /** Shown and hidden by the router. Holds an h1 that can take the focus (`tabindex="-1"`). */
  readonly root: HTMLElement;
  /** The document's title for what is shown. */
  readonly title: string;
  /** Where "Skip to ..." leads: an element's id, and what it is called. */
  readonly skip: { readonly to: string; readonly name: string };
  /** Shows what an address asks for: when the reader comes here, and for every move inside the view. Resolves when the text is there. */
  show(place: Place): Promise<void> | void;
  /** Called when the reader goes to another view. */
  leave(): void;
}

/** A view in the navigation. */
export interface ViewEntry {
  /** What the navigation calls it. */
  readonly label: string;
  /** The parameters that lead to it, the first of them from the navigation; none for the view that everything else leads to. */
  readonly keys: readonly string[];
  /** Makes it, once. */
  make(app: App): Promise<View>;
}

/** All views, in the order of the navigation. */
export const VIEWS: readonly ViewEntry[] = [
  { label: "Search", keys: [], make: async (app) => makeSearchView(app) },
  { label: "Lessons", keys: ["lessons", "lesson"], make: async (app) => (await import("./lessons/reader")).makeReader(app) },
  { label: "Bench", keys: ["bench"], make: async (app) => (await import("./bench/bench-view")).makeBench(app) },
];

/** The view that a place belongs to. */
export function viewOf({ own }: Pick<Place, "own">, views: readonly ViewEntry[] = VIEWS): ViewEntry {
  const keys = new Set(own.map(([key]) => key));
  const found = views.find((view) => view.keys.some((key) => keys.has(key))) ?? views.find((view) => view.keys.length === 0);
  if (found === undefined) throw new Error("There is no view for an address without parameters.");
  return found;
}
