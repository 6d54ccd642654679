/** One choice out of a few, all of them in sight: radio buttons in a row. */

import "../style/choice.css";
import { h } from "./dom";

/** A row of choices. */
export class Choice<T extends string> {
  readonly root: HTMLFieldSetElement;
  readonly #inputs: ReadonlyMap<T, HTMLInputElement>;

  /** `name` tells the row apart from all others on the page. `options` are values and what they are called. */
  constructor(legend: string, name: string, options: readonly (readonly [value: T, label: string])[], onChoose: (value: T) => void) {
    this.#inputs = new Map(
      options.map(([value]) => {
        const input = h("input", { type: "radio", name, value });
        input.addEventListener("change", () => onChoose(value));
        return [value, input];
      }),
    );
    const labels = options.map(([value, label]) => h("label", {}, this.#inputs.get(value), h("span", {}, label)));
    this.root = h("fieldset", { class: "choice" }, h("legend", {}, legend), h("div", {}, ...labels));
  }

  /** What is chosen. */
  set value(value: T) {
    const input = this.#inputs.get(value);
    if (input !== undefined) input.checked = true;
  }
}
