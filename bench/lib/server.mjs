// A static server on a port of its own; with or without the headers that let a page have threads.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";

/** @type {Readonly<Record<string, string>>} */
const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/**
 * Serves `folder`. `served` lists the files that were sent, relative to it.
 *
 * @param {string} folder
 * @param {boolean} isolated
 */
export async function serve(folder, isolated) {
  /** @type {string[]} */
  const served = [];
  // Kept, so that what is measured is not how quickly Node.js reads files.
  /** @type {Map<string, Buffer>} */
  const kept = new Map();
  const server = createServer(async (request, response) => {
    const name = path.normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname)).slice(1) || "index.html";
    try {
      const body = kept.get(name) ?? (await readFile(path.join(folder, name)));
      kept.set(name, body);
      response.writeHead(200, {
        "Content-Type": TYPES[path.extname(name)] ?? "application/octet-stream",
        "Content-Length": body.length,
        "Cache-Control": "no-store",
        ...(isolated ? ISOLATION : {}),
      });
      response.end(body);
      served.push(name);
    } catch {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    served,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
