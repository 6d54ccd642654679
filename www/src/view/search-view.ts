/** The view of search, which index.html holds: it can be read before the library is there, and comes to life with it. */

import type { Place } from "../address";
import type { App } from "../app";
import { Search } from "../search";
import type { View } from "../views";
import { byId } from "./dom";

/** Takes the view from index.html. */
export function makeSearchView(app: App): View {
  let search: Search | undefined;
  let place: Place | undefined;
  byId("query", HTMLTextAreaElement).value = app.address.settings.query;
  // Where there is room for it beside the results, the list of traps is open from the start.
  byId("traps", HTMLDetailsElement).open = matchMedia("(min-width: 75rem)").matches;
  void app.library.then((library) => {
    search = new Search({ ...library, address: app.address, trouble: app.trouble });
    if (place !== undefined) search.show(place);
  });
  return {
    root: byId("search-view", HTMLElement),
    title: "tabrank: a scout, a judge and one small word",
    skip: { to: "query", name: "the question" },
    show: (now) => {
      place = now;
      search?.show(now);
    },
    leave: () => {
      place = undefined;
      search?.leave();
    },
  };
}
