/** Shows the view that the address asks for, and follows links inside the page. */

import type { Place } from "./address";
import type { App } from "./app";
import { byId, h } from "./view/dom";
import { VIEWS, viewOf, type View, type ViewEntry } from "./views";

/** The navigation and the view that is shown. */
export class Router {
  readonly #app: App;
  readonly #links = new Map<ViewEntry, HTMLAnchorElement>();
  readonly #made = new Map<ViewEntry, Promise<View>>();
  #view: View | undefined;
  /** Counts the moves: one that has been overtaken changes nothing any more. */
  #moves = 0;

  constructor(app: App) {
    this.#app = app;
    const items = VIEWS.map((entry) => {
      const link = h("a", { href: this.#home(entry) }, entry.label);
      this.#links.set(entry, link);
      return h("li", {}, link);
    });
    byId("views", HTMLElement).replaceChildren(...items);
    // A link has to be right whenever it is copied or opened elsewhere, not only when it is followed.
    app.address.onChange(() => {
      for (const [entry, link] of this.#links) link.setAttribute("href", this.#home(entry));
    });
    app.address.onMove((place, how) => void this.#go(place, how));
    document.addEventListener("click", (event) => this.#follow(event));
  }

  /** Shows what the address asked for when the page was opened. */
  start(): Promise<void> {
    return this.#go(this.#app.address.place, "start");
  }

  #home({ keys: [key] }: ViewEntry): string {
    return this.#app.address.href({ own: key === undefined ? [] : [[key, ""]] });
  }

  async #go(place: Place, how: "start" | "link" | "history"): Promise<void> {
    this.#moves += 1;
    const move = this.#moves;
    const entry = viewOf(place);
    for (const [one, link] of this.#links) {
      if (one === entry) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    try {
      const view = await this.#make(entry);
      if (move !== this.#moves) return;
      this.#swap(view);
      await view.show(place);
      if (move !== this.#moves) return;
      this.#unveil();
      this.#arrived(view, how);
    } catch (error) {
      if (move !== this.#moves) return;
      this.#unveil();
      this.#app.trouble.show({
        what: `“${entry.label}” could not be opened`,
        error,
        consolation: this.#view === undefined ? undefined : "What is shown goes on working.",
        retry: () => void this.#go(place, how),
      });
    }
  }

  #make(entry: ViewEntry): Promise<View> {
    const made = this.#made.get(entry);
    if (made !== undefined) return made;
    const making = entry.make(this.#app);
    this.#made.set(entry, making);
    // It may be a connection that comes back.
    making.catch(() => this.#made.delete(entry));
    return making;
  }

  #swap(view: View): void {
    if (this.#view === view) return;
    this.#view?.leave();
    this.#view = view;
    if (!view.root.isConnected) byId("foot", HTMLElement).before(view.root);
    for (const root of document.querySelectorAll<HTMLElement>("body > .view")) root.hidden = root !== view.root;
  }

  /** Ends what first.js began, once there is something to see. */
  #unveil(): void {
    document.documentElement.classList.remove("elsewhere");
  }

  /** What a browser does with a page that it has just opened. */
  #arrived(view: View, how: "start" | "link" | "history"): void {
    const skip = byId("skip", HTMLAnchorElement);
    skip.setAttribute("href", `#${view.skip.to}`);
    skip.textContent = `Skip to ${view.skip.name}`;
    const another = document.title !== view.title;
    document.title = view.title;
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (how !== "history" && target !== null) {
      target.scrollIntoView();
      return;
    }
    if (how === "start" || !another) return;
    if (how === "link") scrollTo({ top: 0, behavior: "instant" });
    view.root.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href^='?']") : null;
    if (!(link instanceof HTMLAnchorElement) || link.target !== "") return;
    event.preventDefault();
    this.#app.address.follow(link.search === "" ? "?" : link.search, link.hash);
  }
}
