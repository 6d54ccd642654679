/** The models in use: loads them with the library's index, and keeps the previous ones until the new ones work. */

import { load, type Device, type GpuInfo, type Info, type ProgressEvent, type Ranker, type SearchOptions, type SearchResult } from "tabrank";
import type { Corpus } from "./corpus";
import { codeOf } from "./errors";

/** Which models, undefined meaning the manifest's default, and on what. */
export interface Choice {
  readonly biEncoder: string | undefined;
  readonly crossEncoder: string | undefined;
  readonly device: Device;
}

/** Called while models load. */
export interface OpeningHandlers {
  readonly onFile: (event: ProgressEvent) => void;
  /** Passages turned into vectors so far and in all; only where the prebuilt index is of no use. */
  readonly onPassage: (done: number, total: number) => void;
  /** Called when something becomes known of the GPU, also later. */
  readonly onGpu: (gpu: GpuInfo) => void;
}

/** Where the session stands: models may be on their way, in use, or out of reach. */
export type SessionState =
  | { readonly kind: "opening" }
  | { readonly kind: "ready"; readonly ranker: Ranker }
  | { readonly kind: "failed"; readonly error: unknown };

/** Where models and corpus lie: beside the page, wherever that is. */
export function beside(path: string): URL {
  return new URL(path, document.baseURI);
}

/** The models of this page. */
export class Session {
  readonly #corpus: Corpus;
  readonly #prebuilt: () => Promise<ArrayBuffer | undefined>;
  readonly #watchers = new Set<() => void>();
  #state: SessionState = { kind: "opening" };
  #ranker: Ranker | undefined;
  #opening: AbortController | undefined;

  /** `prebuilt` fetches the vectors of the corpus that were made with the default bi-encoder. */
  constructor(corpus: Corpus, prebuilt: () => Promise<ArrayBuffer | undefined>) {
    this.#corpus = corpus;
    this.#prebuilt = prebuilt;
  }

  /** The models in use; undefined until some have been loaded. */
  get info(): Info | undefined {
    return this.#ranker?.info();
  }

  /** What may be expected of `ranker`. */
  get state(): SessionState {
    return this.#state;
  }

  /** Calls a function whenever `state` has changed; gives the function that ends this. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * The models in use, once none are on their way any more. Only for the moment: they are disposed of when the reader chooses others.
   *
   * @throws the error of loading, if there are no models.
   */
  ranker(signal?: AbortSignal): Promise<Ranker> {
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
   * Loads models and swaps them in. If that fails, or is overtaken by another choice, the previous ones stay.
   *
   * @returns false if another choice overtook this one.
   */
  async open(choice: Choice, { onFile, onPassage, onGpu }: OpeningHandlers): Promise<boolean> {
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
      await this.#fill(ranker, signal, onPassage);
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

  /** Searches with the models in use. */
  search(query: string, options: SearchOptions): Promise<SearchResult> {
    if (this.#ranker === undefined) throw new Error("No models are loaded yet.");
    return this.#ranker.search(query, options);
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** The prebuilt index saves embedding the whole corpus, but it fits only the bi-encoder that made it. */
  async #fill(ranker: Ranker, signal: AbortSignal, onProgress: OpeningHandlers["onPassage"]): Promise<void> {
    const documents = this.#corpus.passages.map(({ id, text }) => ({ id, text }));
    const prebuilt = await this.#prebuilt();
    if (prebuilt !== undefined) {
      try {
        await ranker.index(documents, { prebuilt, signal });
        return;
      } catch (error) {
        if (codeOf(error) !== "index-mismatch") throw error;
      }
    }
    await ranker.index(documents, { onProgress, signal });
  }
}
