/** Files of the disk, by the same function that gets those of the network. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const types: Readonly<Record<string, string>> = { ".json": "application/json", ".wasm": "application/wasm" };

/** `fetch` that knows addresses of files. */
export async function fetchAnything(url: string, init: RequestInit): Promise<Response> {
  if (!url.startsWith("file:")) return fetch(url, init);
  init.signal?.throwIfAborted();
  const path = fileURLToPath(new URL(url));
  try {
    const { size } = await stat(path);
    const headers = { "content-length": String(size), "content-type": types[extname(path)] ?? "application/octet-stream" };
    const { signal } = init;
    const file = createReadStream(path, signal ? { signal } : {});
    return new Response(Readable.toWeb(file) as ReadableStream<Uint8Array<ArrayBuffer>>, { headers });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return new Response(null, { status: 404 });
    throw error;
  }
}
