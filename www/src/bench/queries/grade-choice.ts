/** How well a passage answers: radio buttons, keys 0 to 3, and a way to take it back. */

import type { Grade } from "../../library/library";
import { h } from "../../view/dom";

/** The grades, the best first: their sign, what they are called and what they mean. */
export const GRADES = [
  { grade: 3, sign: "✓✓", word: "answers fully" },
  { grade: 2, sign: "✓", word: "answers" },
  { grade: 1, sign: "≈", word: "near miss" },
  { grade: 0, sign: "–", word: "off" },
] as const satisfies readonly { grade: Grade; sign: string; word: string }[];

/** What a grade is called; "not labelled" where there is none. */
export function gradeWord(grade: Grade | undefined): string {
  return GRADES.find((one) => one.grade === grade)?.word ?? "not labelled";
}

/** The choice of a grade. */
export class GradeChoice {
  readonly root: HTMLFieldSetElement;
  readonly #inputs: ReadonlyMap<Grade, HTMLInputElement>;
  readonly #back = h("button", { type: "button", class: "plain", hidden: true }, "Take back");

  /** `name` tells it apart from all others on the page; `of` names the passage. Null takes the grade back. */
  constructor(name: string, of: string, onGrade: (grade: Grade | null) => void) {
    this.#inputs = new Map(
      GRADES.map(({ grade }) => {
        const input = h("input", { type: "radio", name, value: grade });
        input.addEventListener("change", () => onGrade(grade));
        return [grade, input];
      }),
    );
    this.#back.setAttribute("aria-label", `Take back the label of “${of}”`);
    this.#back.addEventListener("click", () => {
      onGrade(null);
      this.focus();
    });
    const labels = GRADES.map(({ grade, sign, word }) =>
      h("label", { "data-grade": grade }, this.#inputs.get(grade), h("span", {}, h("b", { "aria-hidden": "true" }, `${sign} `), word, h("kbd", { "aria-hidden": "true" }, String(grade)))),
    );
    this.root = h("fieldset", { class: "choice grade" }, h("legend", { class: "unseen" }, `Label of “${of}”`), h("div", {}, ...labels, this.#back));
  }

  /** Shows a grade, or that there is none. */
  show(grade: Grade | undefined, editable: boolean): void {
    for (const [value, input] of this.#inputs) {
      input.checked = value === grade;
      input.disabled = !editable;
    }
    this.#back.hidden = !editable || grade === undefined;
  }

  /** Goes to the button that is chosen, or to the first. */
  focus(): void {
    const inputs = [...this.#inputs.values()];
    (inputs.find(({ checked }) => checked) ?? inputs[0])?.focus();
  }
}
