/** A text whose words are tinted and underlined by what they do to a score; one stop for the keyboard, with arrows from word to word. */

import { h } from "../../../view/dom";
import type { Word } from "../words";
import { DIGITS, signed, type Score } from "./findings";

/** Below this share of the strongest word's change, a word is left plain; the legend says so. */
const FAINT = 0.1;

/** What is drawn. */
export interface MarkedText {
  readonly words: readonly Word[];
  /** What follows the words, unmarked. */
  readonly rest: string;
  readonly score: Score;
  /** The change that is drawn at full strength. */
  readonly scale: number;
  /** Its name for those who hear the page. */
  readonly label: string;
  /** Called with the position of the word that is pointed at or focused. */
  readonly onWord: (position: number | undefined) => void;
}

/** Draws the text. */
export function markedText({ words, rest, score, scale, label, onWord }: MarkedText): HTMLElement {
  const spans = words.map((word, position) => {
    const change = word[score];
    const share = change === null ? 0 : Math.min(1, Math.abs(change) / scale);
    const kind = share < FAINT ? "" : (change ?? 0) > 0 ? " up" : " down";
    const span = h(
      "span",
      {
        class: `word${kind}`,
        role: "option",
        tabindex: position === 0 ? 0 : -1,
        "aria-selected": "false",
        "aria-label": change === null ? word.text : `${word.text} ${signed(change, DIGITS[score])}`,
        "data-position": position,
        "data-exact": change ?? undefined,
      },
      word.text,
    );
    span.style.setProperty("--share", share.toFixed(3));
    return span;
  });
  const list = h("span", { class: "marked", role: "listbox", "aria-label": label, "aria-orientation": "horizontal" });
  spans.forEach((span, position) => list.append(...(position === 0 ? [span] : [" ", span])));

  const positionOf = (event: Event): number | undefined => {
    const word = event.target instanceof Element ? event.target.closest(".word") : null;
    return word === null ? undefined : Number(word.getAttribute("data-position"));
  };
  const go = (to: number): void => {
    const target = spans[Math.max(0, Math.min(spans.length - 1, to))];
    for (const span of spans) span.tabIndex = span === target ? 0 : -1;
    target?.focus();
  };
  list.addEventListener("keydown", (event) => {
    const at = positionOf(event);
    if (at === undefined) return;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: spans.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  list.addEventListener("focusin", (event) => onWord(positionOf(event)));
  list.addEventListener("pointerover", (event) => onWord(positionOf(event)));
  list.addEventListener("pointerleave", () => onWord(undefined));
  list.addEventListener("focusout", () => onWord(undefined));
  return h("p", { class: "marked-text" }, list, rest === "" ? null : ` ${rest}`);
}
