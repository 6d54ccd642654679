/** Cache Storage as a folder: a file for each thing that is kept, and beside it, what it is. */

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { CacheLike, Caches } from "../platform.js";

/** How the names of files end that are being written. */
const PART = ".part";
const HOUR = 3_600_000;

/** What lies beside a file. */
interface About {
  url: string;
  headers: Record<string, string>;
}

/** The folder: `TABRANK_CACHE_DIR`, or a folder where the system keeps what can be had again. */
export function cacheFolder(env = process.env, system: string = process.platform): string {
  const { TABRANK_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (TABRANK_CACHE_DIR) return TABRANK_CACHE_DIR;
  if (system === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "tabrank", "Cache");
  if (system === "darwin") return join(homedir(), "Library", "Caches", "tabrank");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "tabrank");
}

/** Caches in a folder. */
export class FolderCaches implements Caches {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(name: string): Promise<FolderCache> {
    const folder = join(this.#folder, name);
    await mkdir(folder, { recursive: true });
    await sweep(folder);
    return new FolderCache(folder);
  }

  async delete(name: string): Promise<boolean> {
    await rm(join(this.#folder, name), { recursive: true, force: true });
    return true;
  }
}

/** Removes what programs left half written that were ended meanwhile. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(PART)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > HOUR) await rm(path, { force: true });
  }
}

class FolderCache implements CacheLike {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async match(url: string): Promise<Response | undefined> {
    const about = await this.#about(this.#path(url, "json"));
    if (about?.url !== url) return undefined;
    const path = this.#path(url, "bin");
    const { size } = await stat(path);
    const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array<ArrayBuffer>>;
    return new Response(body, { headers: { ...about.headers, "content-length": String(size) } });
  }

  async put(url: string, response: Response): Promise<void> {
    const about: About = { url, headers: Object.fromEntries(response.headers) };
    // What it is comes last: without it, the file doesn't count.
    await this.#write(this.#path(url, "bin"), new Uint8Array(await response.arrayBuffer()));
    await this.#write(this.#path(url, "json"), JSON.stringify(about));
  }

  async delete(url: string): Promise<boolean> {
    for (const kind of ["json", "bin"] as const) await rm(this.#path(url, kind), { force: true });
    return true;
  }

  async keys(url: string, { ignoreSearch }: { ignoreSearch: boolean }): Promise<readonly { url: string }[]> {
    const strip = (one: string) => (ignoreSearch ? one.replace(/\?.*$/, "") : one);
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".json"));
    const all = await Promise.all(names.map((name) => this.#about(join(this.#folder, name))));
    return all.flatMap((about) => (about && strip(about.url) === strip(url) ? [{ url: about.url }] : []));
  }

  #path(url: string, kind: "bin" | "json"): string {
    return join(this.#folder, `${createHash("sha256").update(url).digest("hex")}.${kind}`);
  }

  async #about(path: string): Promise<About | undefined> {
    try {
      return JSON.parse(await readFile(path, "utf8")) as About;
    } catch {
      return undefined;
    }
  }

  /** Whoever reads it meanwhile finds the old one or the new one. */
  async #write(path: string, content: Uint8Array | string): Promise<void> {
    const part = `${path}.${randomUUID()}${PART}`;
    try {
      await writeFile(part, content);
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
  }
}
