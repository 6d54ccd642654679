/** The view of lessons: their list, and one lesson with its exhibits. */

import { lessons } from "virtual:lessons";
import "../style/lessons.css";
import type { Own, Place } from "../address";
import type { App, Library } from "../app";
import { h } from "../view/dom";
import type { View } from "../views";
import { Frame } from "./frame";
import type { Lab } from "./lab";
import { lessonPage, listPage } from "./lesson-page";
import { tabLab } from "./tab-lab";

/** Makes the view. */
export function makeReader(app: App): View {
  return new Reader(app);
}

class Reader implements View {
  readonly root = h("main", { class: "view lessons", hidden: true });
  readonly skip = { to: "lesson", name: "the text" };
  readonly #app: App;
  readonly #lab: Promise<Lab>;
  #library: Library | undefined;
  #title = "Lessons – tabrank";
  /** What is shown: a lesson's name, or nothing for the list. */
  #slug: string | undefined;
  #frames: Frame[] = [];
  /** Counts what was asked for. */
  #moves = 0;

  constructor(app: App) {
    this.#app = app;
    this.#lab = app.library.then((library) => {
      this.#library = library;
      return tabLab(library);
    });
  }

  get title(): string {
    return this.#title;
  }

  async show({ own }: Place): Promise<void> {
    this.#moves += 1;
    const move = this.#moves;
    const asked = new Map(own).get("lesson") ?? "";
    const entry = lessons.find(({ slug }) => slug === asked);
    if (entry === undefined) {
      this.#clear();
      this.#title = "Lessons – tabrank";
      this.root.replaceChildren(listPage(lessons, asked));
      return;
    }
    if (entry.slug === this.#slug) {
      const changed = this.#frames.filter((frame, position) => frame.restore(keptOf(own, position + 1)));
      // A link in the text below an exhibit has set it to something, which is to be seen.
      changed[0]?.reveal();
      return;
    }
    const lesson = await entry.load();
    // A lesson that took long to come isn't shown over one that was asked for later.
    if (move !== this.#moves) return;
    this.#clear();
    this.#slug = entry.slug;
    this.#title = `${entry.title} – tabrank`;
    this.root.replaceChildren(lessonPage(lessons, entry, lesson.html));
    const figures = new Map([...this.root.querySelectorAll<HTMLElement>("figure[data-exhibit]")].map((figure) => [figure.dataset["exhibit"], figure]));
    this.#frames = lesson.exhibits.flatMap((exhibit, position) => {
      const number = position + 1;
      const figure = figures.get(String(number));
      if (figure === undefined) return [];
      return new Frame({
        figure,
        lesson: entry.slug,
        number,
        entry: exhibit,
        lab: this.#lab,
        kept: keptOf(own, number),
        keep: (kept) => this.#keep(entry.slug, number, kept),
        watch: (onOpening) => this.#watch(onOpening),
        recover: (error) => this.#library?.models.recover(error) ?? false,
      });
    });
  }

  leave(): void {
    for (const frame of this.#frames) frame.rest();
  }

  #clear(): void {
    for (const frame of this.#frames) frame.end();
    this.#frames = [];
    this.#slug = undefined;
  }

  /** Keeps an exhibit's state in the address: `x1.` before the keys of the first one. */
  #keep(slug: string, number: number, kept: Readonly<Record<string, string>>): void {
    const { own } = this.#app.address.place;
    // Said too late: the reader is elsewhere already.
    if (new Map(own).get("lesson") !== slug) return;
    const others = own.filter(([key]) => !key.startsWith(`x${number}.`));
    const mine = Object.entries(kept).map(([key, value]): [string, string] => [`x${number}.${key}`, value]);
    this.#app.address.keep({ own: [...others, ...mine] });
  }

  #watch(onOpening: () => void): () => void {
    const ended = new AbortController();
    void this.#app.library.then(({ session }) => {
      if (ended.signal.aborted) return;
      const unwatch = session.watch(() => {
        if (session.state.kind === "opening") onOpening();
      });
      ended.signal.addEventListener("abort", unwatch);
    });
    return () => ended.abort();
  }
}

/** What an address has kept for an exhibit, by its own keys. */
function keptOf(own: Own, number: number): ReadonlyMap<string, string> {
  const prefix = `x${number}.`;
  return new Map(own.flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])));
}
