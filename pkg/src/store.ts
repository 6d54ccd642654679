/**
 * Verified files kept in the browser's Cache Storage. It is a convenience: private windows, full disks, pages without
 * a secure context and strict settings refuse it, each in its own way, and the work goes on without it.
 */

import { platform, type CacheLike } from "./platform.js";
import type { Bytes } from "./room.js";

const hashHeader = "x-tabrank-sha256";

/** What this package's part of the Cache Storage is called. */
const NAME = "tabrank";

/** A file as it was kept. */
export interface Kept {
  response: Response;
  /** The hash that the file had when it was put here. */
  sha256: string;
}

/** A place for files. */
export class Store {
  readonly #cache: CacheLike;
  #waiting: (() => Promise<unknown>)[] = [];

  private constructor(cache: CacheLike) {
    this.#cache = cache;
  }

  /** Opens the place; `null` where there is none. */
  static async open(): Promise<Store | null> {
    return attempt(async () => new Store(await platform.caches().open(NAME)));
  }

  /** Empties it. */
  static async clear(): Promise<void> {
    await attempt(() => platform.caches().delete(NAME));
  }

  /** Whether there is something under this key. */
  async has(key: URL): Promise<boolean> {
    return (await attempt(async () => (await this.#cache.keys(key.href, { ignoreSearch: false })).length > 0)) ?? false;
  }

  /** The file of this key, unverified. */
  async get(key: URL): Promise<Kept | null> {
    return attempt(async () => {
      const response = await this.#cache.match(key.href);
      const sha256 = response?.headers.get(hashHeader);
      if (!response || !sha256) return null;
      return { response, sha256 };
    });
  }

  /**
   * Takes a copy of a file, to be kept by {@link flush}: writing takes as long as loading does, and nobody need wait for it.
   * What was kept of the same address under other keys, its older versions, is dropped then.
   */
  put(key: URL, bytes: Bytes, sha256: string): void {
    // By way of a Blob: WebKit's Response doesn't copy bytes that it is given, and these are the engine's memory, which soon has others.
    const response = new Response(new Blob([bytes]), { headers: { [hashHeader]: sha256 } });
    this.#waiting.push(async () => {
      for (const { url } of await this.#cache.keys(key.href, { ignoreSearch: true })) {
        if (url !== key.href && isVersion(url, key.href)) await this.#cache.delete(url);
      }
      await this.#cache.put(key.href, response);
      return null;
    });
  }

  /** Writes what has been put. A file is there as a whole or not at all, whenever the page is closed. */
  async flush(): Promise<void> {
    for (let write = this.#waiting.shift(); write; write = this.#waiting.shift()) await attempt(write);
  }

  /** Something that was remembered less than so many days ago. */
  async recall<T>(key: URL, days: number): Promise<T | null> {
    return attempt(async () => {
      const response = await this.#cache.match(key.href);
      const { since, value } = ((await response?.json()) ?? {}) as { since?: number; value?: T };
      return since !== undefined && value !== undefined && Date.now() - since < days * 86_400_000 ? value : null;
    });
  }

  /** Remembers something. */
  async remember(key: URL, value: unknown): Promise<void> {
    await attempt(() => this.#cache.put(key.href, new Response(JSON.stringify({ since: Date.now(), value }))));
  }

  /** Forgets a file. */
  async delete(key: URL): Promise<void> {
    await attempt(() => this.#cache.delete(key.href));
  }
}

/** Whether two keys differ only in what this package has added to them. */
function isVersion(one: string, other: string): boolean {
  const [first, second] = [one, other].map((key) => {
    const url = new URL(key);
    for (const name of [...url.searchParams.keys()]) if (name.startsWith("tabrank-")) url.searchParams.delete(name);
    return url.href;
  });
  return first === second;
}

/** `null` instead of any failure; also of the mere look at the storage, which throws in sandboxed frames. */
async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch {
    return null;
  }
}
