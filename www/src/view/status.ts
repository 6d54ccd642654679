/** The line that says what is going on, to readers and to screen readers alike. */

import { byId } from "./dom";

/** The page's one live region. */
export class Status {
  readonly #line = byId("status", HTMLElement);

  /** Shows a sentence and has it read out. */
  say(sentence: string): void {
    this.#line.classList.remove("unseen");
    this.#line.textContent = sentence;
  }

  /** Has a sentence read out that the eye finds elsewhere on the page. */
  whisper(sentence: string): void {
    this.#line.classList.add("unseen");
    this.#line.textContent = sentence;
  }
}
