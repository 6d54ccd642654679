/** The library in use, as the parts of the bench that measure see it. */

import type { Ranker } from "tabrank";
import type { Collection } from "../collection";
import type { Corpus } from "../corpus";
import { h } from "../view/dom";
import { absence } from "../view/library-line";
import type { Bench } from "./part";
import { counted } from "../numbers";

/** The library in use, at this moment. */
export interface Source {
  /** Undefined for the library of this page. */
  readonly id: string | undefined;
  readonly name: string;
  readonly corpus: Corpus;
  readonly collection: Collection;
  /** Whether its labels may be changed: those of the library of this page may not, and judge every passage. */
  readonly editable: boolean;
  /** The models in use, with the library indexed. */
  ranker(signal: AbortSignal): Promise<Ranker>;
  /** Where the search asks a question of it. */
  searchHref(question: string, pool: number): string;
}

/** The library in use. */
export function sourceOf({ libraries, session }: Bench): Source {
  const { inUse, own } = libraries;
  const { id, name, corpus } = inUse;
  return {
    id,
    name,
    corpus,
    collection: inUse,
    editable: own !== undefined,
    ranker: (signal) => session.ranker({ signal }, libraries.inUse),
    searchHref: (question, pool) => `?${new URLSearchParams({ q: question, pool: String(pool), ...(id === undefined ? {} : { corpus: id }) }).toString()}`,
  };
}

/** A line that says which library is in use, or why the one of the address isn't. */
export function sourceLine({ libraries, app }: Bench): HTMLElement {
  const { inUse, absent, own } = libraries;
  const choosing = app.address.href({ own: [["bench", "corpus"]] });
  if (absent !== undefined) return h("p", { class: "library-line absent" }, ...absence(absent, choosing));
  if (!libraries.settled(app.address.settings.corpus)) return h("p", { class: "source" }, "The library of this link is on its way.");
  const passages = counted(inUse.corpus.passages.length, "passage");
  return h("p", { class: "source" }, "In use: ", h("strong", {}, inUse.name), `, ${passages}. `, h("a", { href: choosing }, own === undefined ? "Use one of your own" : "Use another"), ".");
}
