/** The page's address: what the page is set to (state.ts), and what the view that is shown keeps there of its own. */

import { openingQuery, readSettings, SETTING_KEYS, writeSettings, type Settings } from "./state";

/** A view's own parameters, in order; a value may be empty. */
export type Own = readonly (readonly [key: string, value: string])[];

/** What an address says. */
export interface Place {
  readonly settings: Settings;
  readonly own: Own;
}

/** Reads the query string of an address. */
export function readPlace(search: string): Place {
  const own = [...new URLSearchParams(search)].filter(([key]) => !SETTING_KEYS.has(key));
  return { settings: readSettings(search), own };
}

/**
 * Writes a place as a query string. A place without anything of its own is the search, whose address always names the question;
 * elsewhere the opening question goes without saying.
 */
export function writePlace({ settings, own }: Place): string {
  if (own.length === 0) return writeSettings(settings);
  const rest = new URLSearchParams(writeSettings(settings));
  if (settings.query === openingQuery(settings.corpus)) rest.delete("q");
  const parts = own.map(([key, value]) => (value === "" ? encode(key) : `${encode(key)}=${encode(value)}`));
  if (rest.size > 0) parts.push(rest.toString());
  return `?${parts.join("&")}`;
}

function encode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** The address bar and the browser's history. */
export class Address {
  #place = readPlace(location.search);
  readonly #movers: ((now: Place, how: "link" | "history") => void)[] = [];
  readonly #changers: (() => void)[] = [];

  constructor() {
    addEventListener("popstate", () => {
      const place = readPlace(location.search);
      // Following a link inside the page changes nothing that the page is set to.
      if (writePlace(place) !== writePlace(this.#place)) this.#arrive(place, "history");
    });
  }

  /** Where the page is. */
  get place(): Place {
    return this.#place;
  }

  /** What the page is set to. */
  get settings(): Settings {
    return this.#place.settings;
  }

  /** Calls the listener when the reader goes somewhere: by a link, back or forward. Not for what the page itself keeps. */
  onMove(listener: (now: Place, how: "link" | "history") => void): void {
    this.#movers.push(listener);
  }

  /** Calls the listener after every change, whoever made it. */
  onChange(listener: () => void): void {
    this.#changers.push(listener);
  }

  /** The address of a place: what is left out stays as it is. */
  href(change: Partial<Place>): string {
    return writePlace({ ...this.#place, ...change });
  }

  /** Notes a change in the address of the present place. */
  keep(change: Partial<Place>): void {
    this.#note(change);
    history.replaceState(null, "", `${writePlace(this.#place)}${location.hash}`);
  }

  /** Notes a change as a place of its own in the history. */
  add(change: Partial<Place>): void {
    this.#note(change);
    history.pushState(null, "", writePlace(this.#place));
  }

  /**
   * Goes where a link inside the page leads. A link that says nothing of models leaves them as they are; nor does it change the library
   * that is searched, unless it asks a question: that is meant for the library that the link names, or for the one of this page.
   */
  follow(search: string, hash = ""): void {
    const { settings, own } = readPlace(search);
    const named = new URLSearchParams(search);
    const { biEncoder, crossEncoder, device, corpus } = this.settings;
    const place = {
      own,
      settings: {
        ...settings,
        ...(named.has("bi") ? {} : { biEncoder }),
        ...(named.has("cross") ? {} : { crossEncoder }),
        ...(named.has("device") ? {} : { device }),
        ...(named.has("corpus") || named.has("q") ? {} : { corpus, query: openingQuery(corpus) }),
      },
    };
    history.pushState(null, "", `${writePlace(place)}${hash}`);
    this.#arrive(place, "link");
  }

  #arrive(place: Place, how: "link" | "history"): void {
    this.#note(place);
    for (const listener of this.#movers) listener(place, how);
  }

  #note(change: Partial<Place>): void {
    this.#place = { ...this.#place, ...change };
    for (const listener of this.#changers) listener();
  }
}
