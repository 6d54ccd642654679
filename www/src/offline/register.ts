/** Has the page kept for visits without a connection. */

import simd128 from "tabrank/wasm?url";
import relaxedSimd from "tabrank/wasm/relaxed-simd?url";
import { beside } from "../session";

const ENGINES = [simd128, relaxedSimd];

/**
 * Keeps the page and both builds of the engine: which is the quicker one is measured at each visit, and on a busy machine it may be the
 * other one next time. To be called once everything is loaded, so that it is in nobody's way. Where it can't be had (no HTTPS, a private
 * window, storage refused), the page works as before, with a connection.
 */
export async function keepOffline(): Promise<void> {
  // The development server's files change under their names.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(beside("service-worker.js"));
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller === null) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
    }
    // The one in use was fetched before the service worker was there: it comes out of the browser's own cache now.
    for (const url of ENGINES) await (await fetch(url)).arrayBuffer();
  } catch {
    // Nothing that the reader asked for has failed.
  }
}
