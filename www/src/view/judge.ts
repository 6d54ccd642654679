/** The right column: the best of the pool, best logit first. */

import type { Corpus, LabelledQuery } from "../corpus";
import { moveOf } from "../movement";
import { decimal, h } from "./dom";
import { entry } from "./entry";

/** Least share of the bar's width on either side of zero, so that the zero line can be seen as one. */
const MARGIN = 0.12;

/** A passage as the judge placed it. */
export interface JudgeEntry {
  readonly id: string;
  readonly rank: number;
  readonly previousRank: number;
  readonly logit: number;
  readonly truncated: boolean;
}

/** Shows the judge's ranking in `root`. */
export function renderJudge(
  root: HTMLElement,
  corpus: Corpus,
  query: LabelledQuery | undefined,
  entries: readonly JudgeEntry[],
): void {
  const scale = scaleOf(entries.map(({ logit }) => logit));
  const items = entries.map((result) => {
    const move = moveOf(result.previousRank, result.rank);
    return entry({
      id: result.id,
      rank: result.rank,
      passage: corpus.passage(result.id),
      value: decimal(result.logit, 2),
      valueName: "logit",
      exact: result.logit,
      bar: bar(result.logit, scale),
      move: h(
        "span",
        { class: `move ${move.kind}` },
        h("span", { "aria-hidden": "true" }, move.kind === "same" ? "= " : `${move.sign} · `),
        h("span", { class: "unseen" }, `${move.words}, `),
        `was ${result.previousRank}`,
      ),
      mark: query === undefined ? undefined : corpus.mark(query, result.id),
      truncated: result.truncated,
    });
  });
  root.replaceChildren(h("ol", { class: "entries" }, ...items));
}

/** The stretch of numbers that a bar's width stands for. */
interface Scale {
  readonly low: number;
  readonly high: number;
}

function scaleOf(logits: readonly number[]): Scale {
  const low = Math.min(0, ...logits);
  const high = Math.max(0, ...logits);
  const margin = Math.max(high - low, 1) * MARGIN;
  return { low: Math.min(low, -margin), high: Math.max(high, margin) };
}

/** A bar from the zero line to the logit: to the left if negative, to the right if positive. */
function bar(logit: number, { low, high }: Scale): HTMLElement {
  const at = (value: number): number => ((value - low) / (high - low)) * 100;
  const zero = at(0);
  const end = at(logit);
  const fill = h("span", { class: logit < 0 ? "negative" : "positive" });
  fill.style.insetInlineStart = `${Math.min(zero, end)}%`;
  fill.style.inlineSize = `${Math.abs(end - zero)}%`;
  const line = h("span", { class: "zero" });
  line.style.insetInlineStart = `${zero}%`;
  return h("span", { class: "bar signed", "aria-hidden": "true" }, fill, line);
}
