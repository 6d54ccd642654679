/** What differs between a page and Node. Everything else is the same in both. */

import type { Request } from "./protocol.js";

/** As much of a `Worker` as is used. */
export interface WorkerLike {
  postMessage(message: Request, transfer: Transferable[]): void;
  addEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
  terminate(): unknown;
}

/** As much of Cache Storage as is used. */
export interface Caches {
  open(name: string): Promise<CacheLike>;
  delete(name: string): Promise<boolean>;
}

/** As much of a `Cache` as is used. */
export interface CacheLike {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
  keys(url: string, options: { ignoreSearch: boolean }): Promise<readonly { url: string }[]>;
}

/** What the machine says of itself; each may be withheld. */
export interface Machine {
  /** Logical processors. */
  cores?: number | undefined;
  /** Gigabytes, rounded by the browser to a power of two. */
  memory?: number | undefined;
}

/** Where this runs. */
export interface Platform {
  /** What relative addresses are relative to. */
  base(): string | undefined;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Throws where files can't be kept. */
  caches(): Caches;
  machine(): Machine;
}

/** A page, or a worker of one. */
export const platform: Platform = {
  base: () => (typeof document === "undefined" ? globalThis.location?.href : document.baseURI),
  fetch: (url, init) => fetch(url, init),
  caches: () => caches,
  machine() {
    const { hardwareConcurrency, deviceMemory }: Partial<Navigator & { deviceMemory: number }> = globalThis.navigator ?? {};
    return { cores: hardwareConcurrency, memory: deviceMemory };
  },
};

/** Says that this runs elsewhere. */
export function runOn(other: Platform): void {
  Object.assign(platform, other);
}
