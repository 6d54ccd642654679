/** The panel that says what went wrong and what can be done about it. */

import { ModelUnavailableError } from "tabrank";
import { codeOf } from "../errors";
import { h } from "./dom";

/** Something that went wrong. */
export interface Trouble {
  /** What the page was doing, as a heading. */
  readonly what: string;
  readonly error: unknown;
  /** What goes on working all the same. */
  readonly consolation: string | undefined;
  readonly retry: () => void;
}

/** What to do, by the code of the error, where the error's own message doesn't say it to a reader of this page. */
const ADVICE: Readonly<Record<string, string>> = {
  "model-integrity":
    "The file was changed or damaged on its way, so it was thrown away. Try again; if it happens again, the site itself holds a wrong file, and only its keeper can mend that.",
  "model-damaged": "Try again; if it happens again, the site holds a damaged file, and only its keeper can mend that.",
  "model-unavailable": "Look at the network connection and try again, or choose another model.",
  "engine-unavailable": "Look at the network connection and try again.",
  "unsupported-browser": "Open this page in a newer browser. Trying again helps only after switching WebAssembly on.",
  "worker-crashed": "Trying again loads the models afresh. If the device is short of memory, close other tabs first.",
  internal: "Trying again loads the models afresh.",
};

/** Shows, and hides again, the panel. */
export class TroublePanel {
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show({ what, error, consolation, retry }: Trouble): void {
    const button = h("button", { type: "button", class: "go" }, "Retry");
    button.addEventListener("click", () => {
      this.clear();
      retry();
    });
    const dismiss = h("button", { type: "button", class: "plain" }, "Dismiss");
    dismiss.addEventListener("click", () => this.clear());
    this.#root.replaceChildren(
      h("h2", {}, what),
      h("p", { class: "message" }, error instanceof Error ? error.message : String(error)),
      h("p", {}, adviceOn(error)),
      consolation === undefined ? "" : h("p", {}, consolation),
      h("p", { class: "actions" }, button, consolation === undefined ? null : dismiss),
    );
    this.#root.hidden = false;
  }

  clear(): void {
    this.#root.hidden = true;
    this.#root.replaceChildren();
  }
}

function adviceOn(error: unknown): string {
  // A model that was never asked for anywhere is out of reach however good the connection is.
  if (error instanceof ModelUnavailableError && error.url === undefined) return "Choose another model for now.";
  return ADVICE[codeOf(error) ?? ""] ?? "Try again.";
}
