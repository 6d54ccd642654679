/** The labelled questions as a list to choose from. */

import { shelfName, type Corpus, type LabelledQuery } from "../corpus";
import { h } from "../view/dom";

/** A list of all labelled questions by shelf, whose values are the questions' ids. `first` come before all others, under a name of their own. */
export function questionList(corpus: Corpus, id: string, first?: { readonly name: string; readonly ids: readonly string[] }): HTMLSelectElement {
  const option = (query: LabelledQuery): HTMLElement => h("option", { value: query.id }, query.text);
  const chosen = (first?.ids ?? []).flatMap((one) => corpus.queries.find((query) => query.id === one) ?? []);
  const shelves = new Map<string, LabelledQuery[]>();
  for (const query of corpus.queries) {
    if (chosen.includes(query)) continue;
    const shelf = shelves.get(query.shelf);
    if (shelf === undefined) shelves.set(query.shelf, [query]);
    else shelf.push(query);
  }
  return h(
    "select",
    { id },
    chosen.length === 0 ? null : h("optgroup", { label: first?.name ?? "" }, ...chosen.map(option)),
    ...[...shelves].map(([shelf, queries]) => h("optgroup", { label: shelfName(shelf) }, ...queries.map(option))),
  );
}
