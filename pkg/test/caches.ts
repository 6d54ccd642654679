/** Cache Storage in memory, with the failings of real ones. */

export class FakeCaches {
  /** Refuse to keep anything, as a full disk does. */
  full = false;
  #kept = new Map<string, { bytes: Uint8Array<ArrayBuffer>; headers: Headers }>();

  get size(): number {
    return this.#kept.size;
  }

  /** Puts other bytes in the place of everything kept. */
  damage(bytes: Uint8Array<ArrayBuffer>): void {
    for (const kept of this.#kept.values()) kept.bytes = bytes;
  }

  async open(): Promise<FakeCaches> {
    return this;
  }

  async match(url: string): Promise<Response | undefined> {
    const kept = this.#kept.get(url);
    return kept && new Response(kept.bytes, { headers: kept.headers });
  }

  async keys(url: string, { ignoreSearch }: { ignoreSearch: boolean }): Promise<Request[]> {
    const strip = (one: string) => (ignoreSearch ? one.replace(/\?.*/, "") : one);
    return [...this.#kept.keys()].filter((one) => strip(one) === strip(url)).map((one) => new Request(one));
  }

  async put(url: string, response: Response): Promise<void> {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.#kept.set(url, { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers });
  }

  async delete(request: string | Request): Promise<boolean> {
    return this.#kept.delete(typeof request === "string" ? request : request.url);
  }
}
