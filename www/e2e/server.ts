/** A static server as plain as any host: it serves the built site from a folder that isn't the root, without special headers. */

import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** The site on a port of its own. */
export interface Server {
  /** Address of the page. */
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** Files whose last byte is served altered, by the end of their path. */
  readonly altered: Set<string>;
  /** Files that the server says it doesn't have, by the end of their path. */
  readonly absent: Set<string>;
  /** Files that are served only after this promise, by the end of their path. */
  readonly held: Map<string, Promise<void>>;
  close(): Promise<void>;
}

/**
 * Serves the folder `site` below `folder`, for instance `/some/folder/`; and, for any origin to fetch, the files of
 * `shared` below `/shared/`. `headers` go with every file of the site.
 */
export async function serve(
  site: string,
  folder: string,
  shared?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const requests: string[] = [];
  const altered = new Set<string>();
  const absent = new Set<string>();
  const held = new Map<string, Promise<void>>();
  const server = createServer((request, response) => {
    void (async () => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
      requests.push(path);
      if (shared !== undefined && path.startsWith("/shared/")) {
        response.writeHead(200, { "Access-Control-Allow-Origin": "*" });
        createReadStream(join(shared, normalize(path.slice("/shared/".length)))).pipe(response);
        return;
      }
      if (!path.startsWith(folder)) {
        response.writeHead(404).end();
        return;
      }
      const file = normalize(path.slice(folder.length)) || ".";
      const name = file === "." ? "index.html" : file;
      await [...held].find(([end]) => path.endsWith(end))?.[1];
      try {
        if ([...absent].some((end) => path.endsWith(end))) throw new Error("absent");
        const body = await readFile(join(site, name));
        if ([...altered].some((end) => path.endsWith(end))) body.writeUInt8(body.readUInt8(body.length - 1) ^ 1, body.length - 1);
        response.writeHead(200, {
          ...headers,
          "Content-Type": TYPES[extname(name)] ?? "application/octet-stream",
          "Content-Length": body.length,
        });
        response.end(body);
      } catch {
        response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
      }
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${folder}`,
    requests,
    altered,
    absent,
    held,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
