/** Fields for another machine's costs. What is left empty is as measured. */

import { h } from "../../../view/dom";
import { validCost } from "./knobs";
import type { OwnCosts, UnitCosts } from "./arithmetic";

/** The fields: how a cost is asked for, and how many milliseconds its unit is. */
const FIELDS: readonly { readonly cost: keyof OwnCosts; readonly name: (words: number) => string; readonly unit: number }[] = [
  { cost: "question", name: () => "A question’s vector, in ms", unit: 1 },
  { cost: "passage", name: (words) => `A vector of a passage of ${words} words, in ms`, unit: 1 },
  { cost: "compare", name: () => "Comparing with a million vectors, in ms", unit: 1e-6 },
  { cost: "pair", name: (words) => `Reading a pair with ${words} words, in ms`, unit: 1 },
];

/** The form. */
export class OwnCostsForm {
  readonly root: HTMLFormElement;
  readonly #fields: readonly { readonly cost: keyof OwnCosts; readonly unit: number; readonly input: HTMLInputElement; readonly label: HTMLElement; readonly name: (words: number) => string }[];
  readonly #note = h("p", { class: "note", role: "status" });
  readonly #reset = h("button", { type: "button", class: "plain" }, "As measured again");

  /** `onChange` is called with all costs that are typed, null for those that aren't. */
  constructor(prefix: string, onChange: (own: OwnCosts) => void) {
    this.#fields = FIELDS.map((field) => {
      const id = `${prefix}-own-${field.cost}`;
      const input = h("input", { type: "text", inputmode: "decimal", id, autocomplete: "off", maxlength: 12, "aria-describedby": `${prefix}-own-note` });
      return { ...field, input, label: h("label", { for: id }) };
    });
    this.#note.id = `${prefix}-own-note`;
    this.root = h(
      "form",
      { class: "own-costs" },
      h("p", { class: "hint" }, "From a data sheet, a bill or a measurement of your own: a server’s GPU, a hosted reranker. Fields left empty are as measured here."),
      h("div", { class: "own-fields" }, ...this.#fields.map(({ input, label }) => h("div", {}, label, input))),
      this.#note,
      this.#reset,
    );
    this.root.addEventListener("submit", (event) => event.preventDefault());
    for (const { input } of this.#fields) {
      input.addEventListener("change", () => {
        const own = this.#read();
        if (own !== undefined) onChange(own);
      });
    }
    this.#reset.addEventListener("click", () => {
      for (const { input } of this.#fields) input.value = "";
      const own = this.#read();
      if (own !== undefined) onChange(own);
    });
  }

  /** Shows costs that are typed, and as a hint in empty fields those measured with passages of so many words. */
  show(own: OwnCosts, measured: UnitCosts | undefined, words: number): void {
    for (const { cost, unit, input, label, name } of this.#fields) {
      label.textContent = name(words);
      const typed = own[cost];
      if (document.activeElement !== input && input.getAttribute("aria-invalid") !== "true") {
        input.value = typed === null ? "" : String(Number((typed / unit).toPrecision(6)));
      }
      input.placeholder = measured === undefined ? "" : String(Number((measured[cost] / unit).toPrecision(3)));
    }
    this.#reset.hidden = Object.values(own).every((typed) => typed === null);
  }

  /** What is typed; undefined where something isn't a cost, which is said. */
  #read(): OwnCosts | undefined {
    let wrong = "";
    const own = this.#fields.map(({ cost, unit, input, label }) => {
      const text = input.value.trim().replace(",", ".");
      const typed = text === "" ? null : Number(text);
      const valid = validCost(typed === null ? null : typed * unit);
      const bad = typed !== null && valid === null;
      input.setAttribute("aria-invalid", String(bad));
      if (bad && wrong === "") wrong = `“${input.value.trim()}” is not a time. ${label.textContent}: a number from 0 on, such as 2.5.`;
      return [cost, valid];
    });
    this.#note.textContent = wrong;
    return wrong === "" ? (Object.fromEntries(own) as OwnCosts) : undefined;
  }
}
