/** The ranker: what a page holds in its hands. It checks arguments, asks the workers, and joins the answers with the documents. */

import { linked, untilAborted } from "./abort.js";
import type { ScoreCache } from "./cache.js";
import type { CallOptions } from "./channel.js";
import type { Crew } from "./crew.js";
import { aborted, BadInputError, InternalError, NotReadyError } from "./errors.js";
import { array, candidates, count, documents as checkDocuments, finder, string, strings, wellFormed, type Held } from "./input.js";
import { bestFirst } from "./order.js";
import type { Calls, Candidates, LoadedInfo, Score, Step } from "./protocol.js";
import { Scorer, type TaskOptions } from "./scorer.js";
import { streamed } from "./stream.js";
import { Turns } from "./turns.js";
import type {
  Candidate,
  Document,
  EmbedOptions,
  IndexOptions,
  Info,
  RankOptions,
  RankResult,
  Reranked,
  RerankRequest,
  RerankResponse,
  RerankResult,
  Retrieved,
  RetrieveOptions,
  Retriever,
  RetrieveResult,
  SearchEvent,
  SearchInOptions,
  SearchInResult,
  SearchOptions,
  SearchResult,
} from "./types.js";

/**
 * Two models and an index, in workers of their own. Made by `load`.
 *
 * Calls may overlap: they are taken one at a time in the order in which they were made, and one that is aborted while it
 * waits is never begun. Halves of surrogate pairs in texts, queries and ids are read as U+FFFD.
 */
export class Ranker<M = unknown> {
  readonly #crew: Crew;
  readonly #cache: ScoreCache;
  readonly #scorer: Scorer;
  readonly #turns = new Turns();
  /** Fires when this is disposed of. */
  readonly #end = new AbortController();
  readonly #info: LoadedInfo;
  #documents = new Map<string, Held<M>>();

  /** @internal */
  constructor(crew: Crew, info: LoadedInfo, cache: ScoreCache) {
    this.#crew = crew;
    this.#info = info;
    this.#cache = cache;
    this.#scorer = new Scorer(crew, cache);
  }

  /**
   * Makes these documents the ones that are searched, in place of any earlier ones. Resolves to their number.
   *
   * If it is aborted, either the earlier or the new documents are searched from then on, never a mixture.
   */
  async index(documents: readonly Document<M>[], options: IndexOptions = {}): Promise<number> {
    this.#insistOnBiEncoder();
    const { prebuilt, signal, onProgress } = options;
    const { plain, byId } = checkDocuments(documents);
    const call: CallOptions<"index" | "openIndex"> = {
      signal,
      onProgress: steps(onProgress),
      // The worker has the new documents even if an abort came too late to stop it.
      onResult: () => {
        this.#documents = byId;
      },
    };
    const { lead } = this.#crew;
    if (prebuilt === undefined) return this.#turn(() => lead.call("index", { documents: plain }, call), signal);
    if (!(prebuilt instanceof ArrayBuffer)) {
      throw new BadInputError("prebuilt must be an ArrayBuffer with the bytes of a file made by `tabrank index`.");
    }
    return this.#turn(() => lead.call("openIndex", { documents: plain, index: prebuilt }, call), signal);
  }

  /** The vectors of the indexed documents, as a file: `index()` takes it back as `prebuilt` with the same documents and the same
   * bi-encoder, and embeds nothing then. The same file as `tabrank index` makes. */
  async exportIndex(options: { signal?: AbortSignal | undefined } = {}): Promise<ArrayBuffer> {
    this.#insistOnBiEncoder();
    return this.#turn(() => this.#crew.lead.call("exportIndex", null, options), options.signal);
  }

  /** Looks for a pool of candidates, by cosine unless told otherwise, and puts them in order by logit. */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult<M>> {
    this.#insistOnBiEncoder();
    const { pool = 50, topK = 5, signal } = options;
    const params = { query: string(query, "query"), pool: count(pool, "pool"), finder: finder(options) };
    const cut = count(topK, "topK");
    return this.#turn(() => this.#search(params, cut, options), signal);
  }

  async #search(params: Calls["retrieve"]["params"], topK: number, options: SearchOptions): Promise<SearchResult<M>> {
    const { signal, onProgress, onScores, onRetrieved } = options;
    const { query } = params;
    const start = performance.now();
    const { candidates, embed, retrieve, held, hit, retrieved } = await this.#found(params, signal);
    onRetrieved?.(retrieved.map((one) => ({ ...one })));
    const scoring = performance.now();
    const { scores, computed, onGpu } = await this.#scorer.score(
      {
        query,
        passages: held.map(({ text }) => text),
        tokens: candidates.map(({ tokens }) => tokens),
      },
      {
        signal,
        onProgress,
        onScores: onScores && ((scored) => onScores(scored.map(({ position, score }) => ({ id: hit(position).id, ...score })))),
      },
    );
    const end = performance.now();
    const best = bestFirst(scores.map(({ logit }) => logit)).slice(0, topK);
    const reranked = best.map(
      (position, i): Reranked<M> => ({ ...hit(position), rank: i + 1, previousRank: position + 1, ...(scores[position] as Score) }),
    );
    const timings = { embed, retrieve, rerank: end - scoring, total: end - start };
    return { query, retrieved, reranked, scored: computed, timings, device: this.#device(onGpu) };
  }

  /** Asks the first stage alone for a pool of candidates. */
  async retrieve(query: string, options: RetrieveOptions = {}): Promise<RetrieveResult<M>> {
    this.#insistOnBiEncoder();
    const { pool = 50, signal } = options;
    const params = { query: string(query, "query"), pool: count(pool, "pool"), finder: finder(options) };
    return this.#turn(async () => {
      const start = performance.now();
      const { embed, retrieve, retrieved } = await this.#found(params, signal);
      return { query: params.query, retrieved, timings: { embed, retrieve, total: performance.now() - start } };
    }, signal);
  }

  /** What the first stage finds, with the documents that were indexed when it did. */
  async #found(params: Calls["retrieve"]["params"], signal: AbortSignal | undefined) {
    // Joined when the answer arrives, as the documents are replaced when the answer to an index() arrives.
    let held: Held<M>[] = [];
    const onResult = ({ candidates }: Candidates) => {
      held = candidates.map(({ id }) => this.#held(id));
    };
    const found = await this.#crew.lead.call("retrieve", params, { signal, onResult });
    const hit = (position: number) => {
      const { id, text, metadata } = (held[position] as Held<M>).document;
      return { id, text, ...(metadata === undefined ? {} : { metadata }) };
    };
    const retrieved = found.candidates.map(({ id: _, tokens: __, ...scores }, i): Retrieved<M> => ({ ...hit(i), rank: i + 1, ...scores }));
    return { ...found, held, hit, retrieved };
  }

  /**
   * Has another first stage look for a pool of candidates, and puts them in order by logit. No index and no bi-encoder is needed.
   *
   * @throws {@link RetrieverError} if what the retriever gives aren't candidates; and whatever it throws itself.
   */
  async searchIn<N = unknown>(retriever: Retriever<N>, query: string, options: SearchInOptions<N> = {}): Promise<SearchInResult<N>> {
    const { pool = 50, topK = 5, signal, onProgress, onRetrieved } = options;
    const [most, cut] = [count(pool, "pool"), count(topK, "topK")];
    const asked = string(query, "query");
    if (this.#crew.closed) throw this.#crew.closed;
    if (signal?.aborted) throw aborted(signal);
    const start = performance.now();
    const found = candidates<N>(await this.#whileOpen(signal, (either) => retriever(asked, most, either)));
    const retrieved = found.slice(0, most).map((candidate, i) => ({ ...candidate, rank: i + 1 }));
    onRetrieved?.(retrieved.map((candidate) => ({ ...candidate })));
    const scoring = performance.now();
    const documents = retrieved.map(({ text }) => text);
    const { results, scored, device } = await this.rerank({ query: asked, documents, top_n: cut, signal, onProgress });
    const end = performance.now();
    const reranked = results.map(({ index, logit, truncated }, i): Reranked<N> => {
      const { id, text, metadata } = retrieved[index] as Candidate<N>;
      return { id, rank: i + 1, previousRank: index + 1, logit, truncated, text, ...(metadata === undefined ? {} : { metadata }) };
    });
    return { query, retrieved, reranked, scored, timings: { retrieve: scoring - start, rerank: end - scoring, total: end - start }, device };
  }

  /** Scores any passages against a query, in the manner of hosted rerankers. No index is needed. */
  async rerank<N = unknown>(request: RerankRequest<N>): Promise<RerankResponse<N>> {
    const { documents, top_n, return_documents = false, activation = "identity", signal, onProgress, onScores } = request;
    const query = string(request.query, "query");
    array(documents, "documents");
    const passages = Array.from(documents, (document, i) =>
      typeof document === "string" ? wellFormed(document) : string(document?.text, `documents[${i}].text`),
    );
    const limit = top_n === undefined ? passages.length : count(top_n, "top_n");
    if (activation !== "identity" && activation !== "sigmoid") {
      throw new BadInputError(`activation must be "identity" or "sigmoid", but it is ${JSON.stringify(activation)}.`);
    }
    const model = this.#info.crossEncoder.id;
    if (passages.length === 0) {
      if (this.#crew.closed) throw this.#crew.closed;
      if (signal?.aborted) throw aborted(signal);
      return { results: [], scored: 0, activation, model, device: this.#info.device };
    }
    const options: TaskOptions = {
      signal,
      onProgress,
      onScores: onScores && ((scored) => onScores(scored.map(({ position, score }) => ({ index: position, ...score })))),
    };
    const { scores, computed, onGpu } = await this.#turn(() => this.#scorer.score({ query, passages }, options), signal);
    const best = bestFirst(scores.map(({ logit }) => logit)).slice(0, limit);
    const results = best.map((index) => resultOf(index, scores[index] as Score, activation, return_documents ? documents[index] : undefined));
    return { results, scored: computed, activation, model, device: this.#device(onGpu) };
  }

  /** What `rerank` gives, in the shape of sentence-transformers' `rank`. */
  async rank<N = unknown>(query: string, documents: RerankRequest<N>["documents"], options: RankOptions = {}): Promise<RankResult<N>[]> {
    const { topK, returnDocuments = false, ...rest } = options;
    const cut = topK === undefined ? {} : { top_n: count(topK, "topK") };
    const { results } = await this.rerank<N>({ ...rest, ...cut, query, documents, return_documents: returnDocuments });
    return results.map(({ index, relevance_score: score, logit, truncated, document }): RankResult<N> => {
      const result = { corpus_id: index, score, logit, truncated };
      if (document === undefined) return result;
      if (typeof document === "string") return { ...result, text: document };
      const { text, metadata } = document;
      return { ...result, text, ...(metadata === undefined ? {} : { metadata }) };
    });
  }

  /**
   * What `rerank` gives, one by one as the scores come in, in no particular order and so without `top_n`. Leaving the loop stops the
   * rest.
   */
  rerankStream<N = unknown>(request: Omit<RerankRequest<N>, "top_n" | "onScores">): AsyncGenerator<RerankResult<N>, void, undefined> {
    const { documents, return_documents = false, activation = "identity" } = request;
    return streamed(request.signal, async (give, signal) => {
      const onScores: RerankRequest<N>["onScores"] = (scored) =>
        give(scored.map(({ index, ...score }) => resultOf(index, score, activation, return_documents ? documents[index] : undefined)));
      await this.rerank<N>({ ...request, onScores, signal });
    });
  }

  /** What `search` gives, as it becomes known. Leaving the loop stops the rest. */
  searchStream(query: string, options: Omit<SearchOptions, "onScores" | "onRetrieved"> = {}): AsyncGenerator<SearchEvent<M>, void, undefined> {
    return streamed<SearchEvent<M>>(options.signal, async (give, signal) => {
      const result = await this.search(query, {
        ...options,
        signal,
        onRetrieved: (retrieved) => give([{ type: "retrieved", retrieved: retrieved as Retrieved<M>[] }]),
        onScores: (scored) => give(scored.map((score) => ({ type: "scored", ...score }))),
      });
      give([{ type: "done", result }]);
    });
  }

  /** Unit vectors of texts, in their order. Some models read queries and documents differently, so `kind` must be said. */
  async embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]> {
    this.#insistOnBiEncoder();
    const plain = strings(texts, "texts");
    const { kind, signal, onProgress } = options ?? {};
    if (kind !== "query" && kind !== "document") {
      throw new BadInputError(`kind must be "query" or "document", but it is ${JSON.stringify(kind)}.`);
    }
    const call = { signal, onProgress: steps(onProgress) };
    return this.#turn(() => this.#crew.lead.call("embed", { texts: plain, kind }, call), signal);
  }

  /** The models in use, what runs and how many of it, and the number of indexed documents. */
  info(): Info {
    const { biEncoder, crossEncoder, ...rest } = this.#info;
    const { gpu, ready, wanted, lost, memory } = this.#crew;
    return {
      ...rest,
      gpu: structuredClone(gpu),
      biEncoder: biEncoder && { ...biEncoder },
      crossEncoder: { ...crossEncoder },
      documents: this.#documents.size,
      workers: ready,
      workersWanted: wanted,
      workersLost: [...lost],
      memory,
    };
  }

  /** Ends the workers and frees their memory. What is under way, and every later call, rejects with a `DisposedError`. */
  dispose(): void {
    this.#crew.dispose();
    this.#end.abort();
    this.#documents.clear();
    this.#cache.clear();
  }

  /** Work of the caller's, of which nobody waits for the end once this is disposed of or `signal` fires; both are told to it. */
  async #whileOpen<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T> | T): Promise<T> {
    const { controller, unlink } = linked(this.#end.signal, signal);
    try {
      return await untilAborted(Promise.resolve(work(controller.signal)), controller.signal);
    } catch (error) {
      throw this.#crew.closed ?? error;
    } finally {
      unlink();
    }
  }

  #insistOnBiEncoder(): void {
    if (this.#info.biEncoder) return;
    throw new NotReadyError("There is no bi-encoder, as load() was told: biEncoder was null. Load one, or use rerank() and searchIn().");
  }

  #device(onGpu: boolean): string {
    const { adapter, precision } = this.#crew.gpu;
    return onGpu ? `webgpu (${adapter}, ${precision})` : this.#info.device;
  }

  /** What is asked after the end, or with a signal that has fired, doesn't wait for its turn. */
  #turn<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#crew.closed) return Promise.reject(this.#crew.closed);
    if (signal?.aborted) return Promise.reject(aborted(signal));
    return this.#turns.take(work, signal);
  }

  #held(id: string): Held<M> {
    const held = this.#documents.get(id);
    if (!held) throw new InternalError(`tabrank found ${id}, which was never indexed. Please report this.`);
    return held;
  }
}

function resultOf<N>(
  index: number,
  { logit, truncated }: Score,
  activation: "identity" | "sigmoid",
  document: RerankResult<N>["document"],
): RerankResult<N> {
  const relevance_score = activation === "sigmoid" ? 1 / (1 + Math.exp(-logit)) : logit;
  return { index, relevance_score, logit, truncated, ...(document === undefined ? {} : { document }) };
}

/** The callback as the channel calls it. */
function steps(onProgress: ((done: number, total: number) => void) | undefined): ((step: Step) => void) | undefined {
  return onProgress && (({ done, total }) => onProgress(done, total));
}
