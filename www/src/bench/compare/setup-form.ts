/** The controls of a comparison's set-ups: a group of lists for each. */

import type { Manifest } from "tabrank";
import { h } from "../../view/dom";
import { cost, obtainable } from "../obtainable";
import { deviceName, MOST_WORKERS, SETUPS, type Setup } from "./setups";

/** What the form needs. */
export interface SetupFormParts {
  readonly manifest: Manifest;
  readonly cores: number;
  /** Called with the set-ups as they are after a change. */
  readonly onChange: (setups: readonly Setup[]) => void;
}

/** Letters that set-ups go by. */
export const LETTERS = ["A", "B", "C", "D"] as const;

/** The form. */
export class SetupForm {
  readonly root: HTMLElement;
  readonly #parts: SetupFormParts;
  readonly #list = h("div", { class: "setups" });
  readonly #add = h("button", { type: "button", class: "plain" }, "Add a set-up");
  #setups: readonly Setup[] = [];
  #drawn = "";

  constructor(parts: SetupFormParts) {
    this.#parts = parts;
    this.#add.addEventListener("click", () => {
      const last = this.#setups.at(-1);
      if (last === undefined) return;
      parts.onChange([...this.#setups, last]);
      this.#list.lastElementChild?.querySelector("select")?.focus();
    });
    this.root = h("div", { class: "controls" }, this.#list, this.#add);
  }

  /** Shows set-ups. */
  show(setups: readonly Setup[], busy: boolean): void {
    this.#setups = setups;
    this.#add.hidden = setups.length >= SETUPS.max;
    const now = JSON.stringify(setups);
    if (now !== this.#drawn) {
      this.#drawn = now;
      const focused = document.activeElement?.id;
      this.#list.replaceChildren(...setups.map((setup, i) => this.#group(setup, i)));
      if (focused !== undefined && focused !== "") this.#list.querySelector<HTMLElement>(`#${CSS.escape(focused)}`)?.focus();
    }
    for (const control of this.root.querySelectorAll<HTMLSelectElement | HTMLButtonElement>("select, button")) control.disabled = busy;
  }

  #group(setup: Setup, i: number): HTMLElement {
    const { manifest, cores } = this.#parts;
    const change = (part: Partial<Setup>): void => this.#parts.onChange(this.#setups.map((one, at) => (at === i ? { ...one, ...part } : one)));
    const field = (what: string, label: string, options: readonly (readonly [value: string, label: string])[], value: string, choose: (value: string) => void): HTMLElement => {
      const id = `setup-${i}-${what}`;
      const select = h("select", { id }, ...options.map(([one, text]) => h("option", { value: one }, text)));
      select.value = value;
      select.addEventListener("change", () => choose(select.value));
      return h("div", { class: "setup-field" }, h("label", { for: id }, label), select);
    };
    const models = (role: "bi-encoder" | "cross-encoder"): (readonly [string, string])[] => obtainable(manifest, role).map((model) => [model.id, model.here ? model.id : `${model.id} (${cost(model)})`]);
    // A link may come from a device with more cores.
    const most = Math.max(Math.min(MOST_WORKERS, cores), setup.workers);
    const workers = Array.from({ length: most }, (_, n): [string, string] => [String(n + 1), String(n + 1)]);
    const remove = h("button", { type: "button", class: "plain", "aria-label": `Remove set-up ${LETTERS[i] ?? ""}` }, "Remove");
    remove.addEventListener("click", () => {
      this.#parts.onChange(this.#setups.filter((_, at) => at !== i));
      this.#list.querySelector("select")?.focus();
    });
    return h(
      "fieldset",
      { class: "setup" },
      h("legend", {}, `Set-up ${LETTERS[i] ?? ""}`),
      field("cross", "Cross-encoder", models("cross-encoder"), setup.crossEncoder, (crossEncoder) => change({ crossEncoder })),
      field("bi", "Bi-encoder", models("bi-encoder"), setup.biEncoder, (biEncoder) => change({ biEncoder })),
      field("device", "Computed by the", [["cpu", deviceName("cpu")], ["webgpu", deviceName("webgpu")]], setup.device, (device) => change({ device: device === "webgpu" ? "webgpu" : "cpu" })),
      field("workers", "Workers", workers, String(setup.workers), (number) => change({ workers: Number(number) })),
      this.#setups.length > SETUPS.min ? remove : null,
    );
  }
}
