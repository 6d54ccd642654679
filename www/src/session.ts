/** The models in use: loads them with a library's index, and keeps the previous ones until the new ones work. */

import {
  load,
  type Device,
  type GpuInfo,
  type Info,
  type ProgressEvent,
  type Ranker,
  type SearchOptions,
  type SearchResult,
} from "tabrank";
import type { Collection } from "./collection";
import type { Passage } from "./corpus";
import { indexOf } from "./embedding";
import { codeOf } from "./errors";
import type { Going } from "./library/pace";

/** Which models, undefined meaning the manifest's default, and on what. */
export interface Choice {
  readonly biEncoder: string | undefined;
  readonly crossEncoder: string | undefined;
  readonly device: Device;
}

/** Called while models load. */
export interface OpeningHandlers {
  readonly onFile: (event: ProgressEvent) => void;
  /** Passages turned into vectors so far and in all; only where there are no vectors of this bi-encoder. */
  readonly onPassage: (done: number, total: number) => void;
  /** Called where reading the reader's own library was stopped or failed, and the one of this page is in use instead. */
  readonly onSpared: (collection: Collection, error: unknown) => void;
  /** Called when something becomes known of the GPU, also later. */
  readonly onGpu: (gpu: GpuInfo) => void;
}

/** Where the session stands: models may be on their way, in use, or out of reach. */
export type SessionState =
  { readonly kind: "opening" } | { readonly kind: "ready"; readonly ranker: Ranker } | { readonly kind: "failed"; readonly error: unknown };

/** Where models and corpus lie: beside the page, wherever that is. */
export function beside(path: string): URL {
  return new URL(path, document.baseURI);
}

/** What a ranker has indexed, or is about to. */
interface Indexed {
  readonly passages: readonly Passage[];
  readonly ready: Promise<unknown>;
}

/** The models of this page. */
export class Session {
  readonly #shipped: Collection;
  readonly #watchers = new Set<() => void>();
  #inUse: Collection;
  #state: SessionState = { kind: "opening" };
  #ranker: Ranker | undefined;
  #opening: AbortController | undefined;
  /** Ends reading the reader's own library while models open. */
  #reading: AbortController | undefined;
  readonly #indexed = new WeakMap<Ranker, Indexed>();

  /** `shipped` is the library of this page, and what is searched at first. */
  constructor(shipped: Collection) {
    this.#shipped = shipped;
    this.#inUse = shipped;
  }

  /** The library of this page. */
  get shipped(): Collection {
    return this.#shipped;
  }

  /** The library that is searched where nothing else is said. Setting it indexes nothing yet: see {@link use}. */
  get inUse(): Collection {
    return this.#inUse;
  }

  set inUse(collection: Collection) {
    this.#inUse = collection;
  }

  /** The models in use; undefined until some have been loaded. */
  get info(): Info | undefined {
    return this.#ranker?.info();
  }

  /** What may be expected of `models`. */
  get state(): SessionState {
    return this.#state;
  }

  /** Calls a function whenever `state` has changed; gives the function that ends this. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * The models in use, once none are on their way any more, whatever they have indexed. Only for the moment: they are disposed of when
   * the reader chooses others.
   *
   * @throws the error of loading, if there are no models.
   */
  models(signal?: AbortSignal): Promise<Ranker> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        const state = this.#state;
        if (signal?.aborted !== true && state.kind === "opening") return;
        end();
        if (signal?.aborted === true) reject(signal.reason as Error);
        else if (state.kind === "ready") resolve(state.ranker);
        else if (state.kind === "failed") reject(state.error as Error);
      };
      const unwatch = this.watch(settle);
      const end = (): void => {
        unwatch();
        signal?.removeEventListener("abort", settle);
      };
      signal?.addEventListener("abort", settle);
      settle();
    });
  }

  /**
   * The models in use with a library indexed, the one of this page unless another is named. There is one index: whoever asks for another
   * library ends the use of this one, so a view that is left has to leave off searching.
   *
   * @throws the error of loading or of reading the library; the signal's reason.
   */
  async ranker(going: Going = {}, collection = this.#shipped): Promise<Ranker> {
    for (;;) {
      const ranker = await this.models(going.signal);
      try {
        await this.#fill(ranker, collection, going);
        going.signal?.throwIfAborted();
      } catch (error) {
        // Other models have taken its place meanwhile.
        if (going.signal?.aborted !== true && ranker !== this.#ranker) continue;
        throw error;
      }
      return ranker;
    }
  }

  /**
   * Makes a library the one that is searched, as soon as it can be. If that fails or is aborted, the one from before stays.
   *
   * @throws as {@link ranker}.
   */
  async use(collection: Collection, going: Going = {}): Promise<void> {
    await this.ranker(going, collection);
    this.#inUse = collection;
  }

  /**
   * Loads models and swaps them in, with the library in use. If that fails, or is overtaken by another choice, the previous ones stay.
   *
   * @returns false if another choice overtook this one.
   */
  async open(choice: Choice, { onFile, onPassage, onGpu, onSpared }: OpeningHandlers): Promise<boolean> {
    this.#opening?.abort();
    const opening = new AbortController();
    this.#opening = opening;
    this.#become({ kind: "opening" });
    const { signal } = opening;
    let ranker: Ranker | undefined;
    try {
      ranker = await load({
        ...(choice.biEncoder === undefined ? {} : { biEncoder: choice.biEncoder }),
        ...(choice.crossEncoder === undefined ? {} : { crossEncoder: choice.crossEncoder }),
        modelsUrl: beside("models/"),
        device: choice.device,
        // Lessons and measurements read the same pairs again and again.
        scoreCache: 50_000,
        onGpu: (gpu) => {
          if (this.#opening === opening && !signal.aborted) onGpu(gpu);
        },
        onProgress: onFile,
        signal,
      });
      await this.#fillOrSpare(ranker, signal, onPassage, onSpared);
      signal.throwIfAborted();
    } catch (error) {
      ranker?.dispose();
      if (signal.aborted) return false;
      this.#become(this.#ranker === undefined ? { kind: "failed", error } : { kind: "ready", ranker: this.#ranker });
      throw error;
    }
    this.#ranker?.dispose();
    this.#ranker = ranker;
    this.#become({ kind: "ready", ranker });
    return true;
  }

  /** Stops reading the reader's own library while models open; they open with the one of this page. */
  stopReading(): void {
    this.#reading?.abort();
  }

  /** Searches the library in use; with the models from before, while others are on their way. */
  async search(query: string, options: SearchOptions): Promise<SearchResult> {
    const going = { signal: options.signal };
    const before = this.#state.kind === "opening" ? this.#ranker : undefined;
    if (before === undefined) return (await this.ranker(going, this.#inUse)).search(query, options);
    await this.#fill(before, this.#inUse, going);
    return before.search(query, options);
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }

  async #fillOrSpare(
    ranker: Ranker,
    signal: AbortSignal,
    onProgress: Going["onProgress"],
    onSpared: OpeningHandlers["onSpared"],
  ): Promise<void> {
    const wanted = this.#inUse;
    const reading = new AbortController();
    const stop = (): void => reading.abort(signal.reason);
    signal.addEventListener("abort", stop);
    this.#reading = reading;
    try {
      await this.#fill(ranker, wanted, { signal: reading.signal, onProgress });
    } catch (error) {
      if (signal.aborted || wanted === this.#shipped) throw error;
      this.#inUse = this.#shipped;
      await this.#fill(ranker, this.#shipped, { signal, onProgress });
      onSpared(wanted, error);
    } finally {
      signal.removeEventListener("abort", stop);
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /** Has a ranker index a library: by the vectors that there are, which takes some milliseconds, or by making them. */
  async #fill(ranker: Ranker, collection: Collection, going: Going): Promise<void> {
    const { passages } = collection.corpus;
    const now = this.#indexed.get(ranker);
    // What somebody else gave up has to be begun again.
    if (
      now?.passages === passages &&
      (await now.ready.then(
        () => true,
        () => false,
      ))
    )
      return;
    const documents = passages.map(({ id, text }) => ({ id, text }));
    // A file may be of other passages than its name says, or damaged; then it is made afresh.
    for (const afresh of [false, true]) {
      const prebuilt = await indexOf(ranker, collection, going, afresh);
      if (prebuilt === undefined) break;
      try {
        await this.#index(ranker, passages, ranker.index(documents, { prebuilt }));
        return;
      } catch (error) {
        if (afresh || codeOf(error) !== "index-mismatch") throw error;
      }
    }
    // Where the browser computes no hashes, the engine has to write the file.
    await this.#index(ranker, passages, ranker.index(documents, going));
    const { biEncoder } = ranker.info();
    if (biEncoder !== null) await collection.keep(biEncoder, await ranker.exportIndex({ signal: going.signal }));
  }

  /** Notes what a ranker is going to have indexed as soon as it is asked, as requests are served in turn. */
  async #index(ranker: Ranker, passages: readonly Passage[], ready: Promise<unknown>): Promise<void> {
    const indexed = { passages, ready };
    this.#indexed.set(ranker, indexed);
    try {
      await ready;
    } catch (error) {
      if (this.#indexed.get(ranker) === indexed) this.#indexed.delete(ranker);
      throw error;
    }
  }
}
