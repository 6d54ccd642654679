/** A slider over given values, which need not be evenly apart. */

import "./slider.css";
import { h } from "../view/dom";

/** What a slider is. */
export interface SliderParts {
  readonly id: string;
  readonly label: string;
  /** What it means, in a few words beside it. */
  readonly hint?: string;
  /** Ascending. */
  readonly values: readonly number[];
  /** How a value is written. */
  readonly text: (value: number) => string;
  /** Called with every new value. */
  readonly onInput: (value: number) => void;
}

/** A slider with its label and its value. */
export class Slider {
  readonly root: HTMLElement;
  readonly #parts: SliderParts;
  readonly #input: HTMLInputElement;
  readonly #output = h("b", { "aria-hidden": "true" });

  constructor(parts: SliderParts) {
    const { id, label, hint, values, onInput } = parts;
    this.#parts = parts;
    this.#input = h("input", { type: "range", id, min: 0, max: values.length - 1, step: 1 });
    this.#input.addEventListener("input", () => {
      this.#tell();
      onInput(this.value);
    });
    this.root = h(
      "label",
      { class: "slider", for: id },
      h("span", { class: "slider-name" }, `${label} `, this.#output),
      this.#input,
      hint === undefined ? null : h("span", { class: "hint" }, hint),
    );
  }

  /** The present value. */
  get value(): number {
    return this.#parts.values[this.#input.valueAsNumber] ?? 0;
  }

  /** Sets it without calling anyone; of values that aren't there, the next lower one is taken. */
  set value(value: number) {
    const position = this.#parts.values.findLastIndex((one) => one <= value);
    this.#input.value = String(Math.max(0, position));
    this.#tell();
  }

  #tell(): void {
    const text = this.#parts.text(this.value);
    this.#output.textContent = text;
    this.#input.setAttribute("aria-valuetext", text);
  }
}
