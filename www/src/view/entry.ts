/** One passage in one of the two rankings. */

import type { Passage } from "../corpus";
import { placeOf } from "../corpus";
import { MARKS, type Mark } from "../labels";
import { h, type Child } from "./dom";

/** What an entry shows. */
export interface EntryParts {
  readonly id: string;
  readonly rank: number;
  readonly passage: Passage | undefined;
  /** The score as it is printed, and its name for those who hear the page. */
  readonly value: string;
  readonly valueName: string;
  /** The unrounded score, kept in the document for whoever inspects it. */
  readonly exact: number;
  readonly bar: HTMLElement;
  /** Where the other ranking has this passage. */
  readonly move: Child;
  readonly mark: Mark | undefined;
  readonly truncated: boolean;
}

/** Makes a list item whose summary tells rank and score and which opens to show the passage's text. */
export function entry(parts: EntryParts): HTMLLIElement {
  const { id, rank, passage, mark } = parts;
  const summary = h(
    "summary",
    {},
    h("span", { class: "rank" }, h("span", { class: "unseen" }, "Rank "), String(rank)),
    h("span", { class: "name" }, passage?.title ?? id),
    parts.bar,
    h("span", { class: "value" }, h("span", { class: "unseen" }, `${parts.valueName} `), parts.value),
    h(
      "span",
      { class: "meta" },
      parts.move,
      mark === undefined ? null : badge(mark),
      h("span", { class: "shelf" }, passage === undefined ? "" : placeOf(passage)),
      parts.truncated ? h("span", { class: "cut" }, "question and passage are longer than the model reads; the longer was cut") : null,
    ),
  );
  return h(
    "li",
    { "data-id": id, "data-exact": parts.exact },
    h("details", {}, summary, h("p", { class: "text" }, passage?.text ?? "This passage is not in the library.")),
  );
}

function badge(mark: Mark): HTMLElement {
  const { sign, word, meaning } = MARKS[mark];
  return h("span", { class: `badge ${mark}`, title: meaning }, h("span", { "aria-hidden": "true" }, `${sign} `), word);
}
