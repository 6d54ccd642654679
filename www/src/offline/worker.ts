/**
 * The service worker: keeps the page, so that it opens without a connection from the second visit on. Models it leaves alone: the
 * package keeps them itself, verified. A new version of the page is fetched in the background and used once all tabs of the old one are
 * closed, so that no tab ever has parts of both.
 */

import { clientsClaim } from "workbox-core";
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { CacheFirst } from "workbox-strategies";

/** Put in place of this name when the page is built: every file of the page, with a hash where its name has none. */
declare const PAGE_FILES: PrecacheEntry[];

cleanupOutdatedCaches();
precacheAndRoute(PAGE_FILES);
// Whatever the address asks for, it is one page that answers.
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html")));
// Of the engine there are two builds, and each machine needs one: it is kept when it is asked for. Its name has its hash in it.
registerRoute(({ url, sameOrigin }) => sameOrigin && url.pathname.endsWith(".wasm"), new CacheFirst({ cacheName: "tabrank-engine" }));
// The visit that installs it counts as the first one.
clientsClaim();
