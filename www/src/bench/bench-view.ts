/** The view of the bench: its parts and the way from one to the next. */

import "../style/bench.css";
import type { Place } from "../address";
import type { App } from "../app";
import { h } from "../view/dom";
import type { View } from "../views";
import { type Bench, type Part, type PartEntry, partOf } from "./part";
import { PARTS } from "./parts";

/** Makes the view. */
export async function makeBench(app: App): Promise<View> {
  // Its text is there before the library is; its parts come with it.
  return new BenchView(app);
}

class BenchView implements View {
  readonly root: HTMLElement;
  readonly skip = { to: "bench-part", name: "the bench" };
  readonly #app: App;
  readonly #links = new Map<PartEntry, HTMLAnchorElement>();
  readonly #made = new Map<PartEntry, Promise<Part>>();
  readonly #note = h("p", { class: "note", role: "status" });
  readonly #said = h("p", { class: "status", role: "status" });
  readonly #stage = h("div", { id: "bench-part", tabindex: -1 });
  #title = "Bench – tabrank";
  #part: Part | undefined;
  /** Counts the moves: one that has been overtaken changes nothing any more. */
  #moves = 0;

  constructor(app: App) {
    this.#app = app;
    const items = PARTS.map((entry) => {
      const link = h("a", {}, entry.label);
      this.#links.set(entry, link);
      return h("li", {}, link);
    });
    this.root = h(
      "main",
      { class: "view bench", hidden: true },
      h("h1", { tabindex: -1 }, "Bench"),
      h(
        "p",
        { class: "deck" },
        "Search texts of your own, say which results are right, and measure. Nothing that you bring here leaves this browser.",
      ),
      h("nav", { class: "bench-parts", "aria-label": "Parts of the bench" }, h("ul", {}, ...items)),
      this.#note,
      this.#said,
      this.#stage,
    );
    this.#address();
    app.address.onChange(() => this.#address());
  }

  get title(): string {
    return this.#title;
  }

  async show(place: Place): Promise<void> {
    this.#moves += 1;
    const move = this.#moves;
    const asked = partOf(place.own, PARTS);
    const entry = asked ?? PARTS[0];
    if (entry === undefined) throw new Error("The bench has no parts.");
    this.#note.textContent = asked === undefined ? "The bench has no part of the name that this link gives. This is its first one:" : "";
    for (const [one, link] of this.#links) {
      if (one === entry) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.#title = `${entry.label} – Bench – tabrank`;
    const part = await this.#make(entry);
    if (move !== this.#moves) return;
    if (part !== this.#part) {
      this.#part?.leave();
      this.#part = part;
      this.#said.textContent = "";
      this.#stage.replaceChildren(part.root);
    }
    await part.show(place);
  }

  leave(): void {
    this.#moves += 1;
    this.#part?.leave();
    // Coming back shows it anew.
    this.#part = undefined;
  }

  /** The links are right whenever they are copied: they carry what the page is set to. */
  #address(): void {
    for (const [{ slug }, link] of this.#links) link.setAttribute("href", this.#app.address.href({ own: [["bench", slug]] }));
  }

  #make(entry: PartEntry): Promise<Part> {
    const made = this.#made.get(entry);
    if (made !== undefined) return made;
    const making = this.#app.library.then((library): Promise<Part> => {
      const bench: Bench = { ...library, app: this.#app, say: (sentence) => (this.#said.textContent = sentence) };
      return entry.make(bench);
    });
    this.#made.set(entry, making);
    // It may be a connection that comes back.
    making.catch(() => this.#made.delete(entry));
    return making;
  }
}
