/** Has the page kept for visits without a connection. */

import simd128 from "tabrank/wasm?url";
import relaxedSimd from "tabrank/wasm/relaxed-simd?url";
import type { Build } from "tabrank";
import { beside } from "../session";

const ENGINES: Readonly<Record<Build, string>> = { simd128, "relaxed-simd": relaxedSimd };

/**
 * Keeps the page and the build of the engine that this machine uses. To be called once everything is loaded, so that it is in nobody's
 * way. Where it can't be had (no HTTPS, a private window, storage refused), the page works as before, with a connection.
 */
export async function keepOffline(build: Build): Promise<void> {
  // The development server's files change under their names.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(beside("service-worker.js"));
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller === null) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
    }
    // Fetched before the service worker was there: it comes out of the browser's own cache now.
    await (await fetch(ENGINES[build])).arrayBuffer();
  } catch {
    // Nothing that the reader asked for has failed.
  }
}
