/** The two sliders. */

import { LIMITS } from "../state";
import { byId } from "./dom";

/** How long a slider has to rest before a new search, in milliseconds. */
const REST = 250;

/** Called when a slider has a new value. */
export interface DialHandlers {
  /** After the slider has come to rest, since it costs a search. */
  readonly onPool: (pool: number) => void;
  /** At once, since only what is shown changes. */
  readonly onTopK: (topK: number) => void;
}

/** The sliders for pool and top-k. */
export class Dials {
  readonly #pool = new Dial("pool", LIMITS.pool);
  readonly #topK = new Dial("top-k", LIMITS.topK);

  constructor({ onPool, onTopK }: DialHandlers) {
    let timer = 0;
    this.#pool.onInput((value) => {
      clearTimeout(timer);
      timer = window.setTimeout(() => onPool(value), REST);
    });
    this.#topK.onInput(onTopK);
    byId("dials", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  }

  /** Sets both sliders without calling anyone. */
  set(pool: number, topK: number): void {
    this.#pool.value = pool;
    this.#topK.value = topK;
  }
}

class Dial {
  readonly #input: HTMLInputElement;
  readonly #output: HTMLElement;

  constructor(id: string, { min, max }: { min: number; max: number }) {
    this.#input = byId(id, HTMLInputElement);
    this.#output = byId(`${id}-value`, HTMLElement);
    this.#input.min = String(min);
    this.#input.max = String(max);
  }

  set value(value: number) {
    this.#input.value = String(value);
    this.#output.textContent = String(value);
  }

  onInput(listener: (value: number) => void): void {
    this.#input.addEventListener("input", () => {
      this.#output.textContent = this.#input.value;
      listener(this.#input.valueAsNumber);
    });
  }
}
