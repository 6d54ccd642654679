/** The question's form: box, Search and Stop. */

import { byId } from "./dom";

/** What the reader can do with the form. */
export interface QuestionHandlers {
  readonly onAsk: (text: string) => void;
  readonly onStop: () => void;
}

/** The question's form. */
export class Question {
  readonly #box = byId("query", HTMLTextAreaElement);
  readonly #note = byId("query-note", HTMLElement);
  readonly #go = byId("go", HTMLButtonElement);
  readonly #stop = byId("stop", HTMLButtonElement);

  constructor({ onAsk, onStop }: QuestionHandlers) {
    const form = byId("ask", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onAsk(this.text);
    });
    this.#stop.addEventListener("click", onStop);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.#stop.hidden) onStop();
    });
    // The box grows with a long question, so it is one for several lines; Enter sends it all the same, unless it only
    // ends the composition of a character.
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#box.addEventListener("input", () => this.#pardon());
  }

  /** What is in the box. */
  get text(): string {
    return this.#box.value.replace(/\s*\n\s*/g, " ");
  }

  set text(text: string) {
    this.#box.value = text;
    this.#pardon();
  }

  /** Shows Stop in the place of Search while a search goes on. */
  set busy(busy: boolean) {
    const focused = document.activeElement === this.#go || document.activeElement === this.#stop;
    this.#go.hidden = busy;
    this.#stop.hidden = !busy;
    this.#stop.textContent = "Stop";
    if (focused) (busy ? this.#stop : this.#go).focus();
  }

  /** How many candidates the judge has read. On the button, and not in the live region, which would read out each step. */
  step(done: number, total: number): void {
    this.#stop.textContent = `Stop (${done}/${total})`;
  }

  /** Asks for a question where there is none. */
  askPolitely(): void {
    this.#box.setAttribute("aria-invalid", "true");
    this.#note.textContent = "Please type a question first; a few words are enough.";
    this.#box.focus();
  }

  #pardon(): void {
    this.#box.removeAttribute("aria-invalid");
    this.#note.textContent = "";
  }
}
