/** The ranker: what a page holds in its hands. It checks arguments, asks the worker, and joins the answers with the documents. */

import type { CallOptions, Channel } from "./channel.js";
import { aborted, BadInputError, InternalError } from "./errors.js";
import { array, count, documents as checkDocuments, string, wellFormed } from "./input.js";
import type { Calls, Step } from "./protocol.js";
import type {
  Document,
  EmbedOptions,
  IndexOptions,
  Info,
  RerankRequest,
  RerankResponse,
  RerankResult,
  SearchOptions,
  SearchResult,
} from "./types.js";

/**
 * Two models and an index, in a worker of their own. Made by `load`.
 *
 * Calls may overlap: the worker takes them one at a time in the order in which they were made, and one that is aborted
 * while it waits is never begun. Halves of surrogate pairs in texts, queries and ids are read as U+FFFD.
 */
export class Ranker<M = unknown> {
  readonly #channel: Channel;
  #info: Info;
  #documents = new Map<string, Document<M>>();

  /** @internal */
  constructor(channel: Channel, info: Info) {
    this.#channel = channel;
    this.#info = info;
  }

  /**
   * Makes these documents the ones that are searched, in place of any earlier ones. Resolves to their number.
   *
   * If it is aborted, either the earlier or the new documents are searched from then on, never a mixture.
   */
  async index(documents: readonly Document<M>[], options: IndexOptions = {}): Promise<number> {
    const { prebuilt, signal, onProgress } = options;
    const { plain, byId } = checkDocuments(documents);
    const call: CallOptions<"index" | "openIndex"> = {
      signal,
      onProgress: steps(onProgress),
      // The worker has the new documents even if an abort came too late to stop it.
      onResult: (number) => {
        this.#documents = byId;
        this.#info = { ...this.#info, documents: number };
      },
    };
    if (prebuilt === undefined) return this.#channel.call("index", { documents: plain }, call);
    if (!(prebuilt instanceof ArrayBuffer)) {
      throw new BadInputError("prebuilt must be an ArrayBuffer with the bytes of a file made by `tabrank index`.");
    }
    return this.#channel.call("openIndex", { documents: plain, index: prebuilt }, call);
  }

  /** Looks for a pool of candidates by cosine, and puts them in order by logit. */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult<M>> {
    const { pool = 50, topK = 5, signal, onProgress } = options;
    const params = { query: string(query, "query"), pool: count(pool, "pool"), topK: count(topK, "topK") };
    // Joined when the answer arrives: a later index() may have replaced the documents by the time the caller goes on.
    let result: SearchResult<M> | undefined;
    await this.#channel.call("search", params, {
      signal,
      onProgress: steps(onProgress),
      onResult: (found) => {
        this.#info = { ...this.#info, device: found.device };
        result = this.#join(found);
      },
    });
    return result as SearchResult<M>;
  }

  /** Scores any passages against a query, in the manner of hosted rerankers. No index is needed. */
  async rerank<N = unknown>(request: RerankRequest<N>): Promise<RerankResponse<N>> {
    const { documents, top_n, return_documents = false, activation = "identity", signal, onProgress } = request;
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
      if (this.#channel.closed) throw this.#channel.closed;
      if (signal?.aborted) throw aborted(signal);
      return { results: [], activation, model };
    }
    const scored = await this.#channel.call("rerank", { query, passages }, { signal, onProgress: steps(onProgress) });
    const results = scored.slice(0, limit).map(({ index, logit, truncated }): RerankResult<N> => {
      const relevance_score = activation === "sigmoid" ? 1 / (1 + Math.exp(-logit)) : logit;
      const result: RerankResult<N> = { index, relevance_score, logit, truncated };
      const document = documents[index];
      if (return_documents && document !== undefined) result.document = document;
      return result;
    });
    return { results, activation, model };
  }

  /** Unit vectors of texts, in their order. Some models read queries and documents differently, so `kind` must be said. */
  async embed(texts: readonly string[], options: EmbedOptions): Promise<Float32Array[]> {
    array(texts, "texts");
    const plain = Array.from(texts, (text, i) => string(text, `texts[${i}]`));
    const { kind, signal, onProgress } = options ?? {};
    if (kind !== "query" && kind !== "document") {
      throw new BadInputError(`kind must be "query" or "document", but it is ${JSON.stringify(kind)}.`);
    }
    return this.#channel.call("embed", { texts: plain, kind }, { signal, onProgress: steps(onProgress) });
  }

  /** The models in use, the device, and the number of indexed documents. */
  info(): Info {
    const { biEncoder, crossEncoder, ...rest } = this.#info;
    return { ...rest, biEncoder: { ...biEncoder }, crossEncoder: { ...crossEncoder } };
  }

  /** Ends the worker and frees its memory. What is under way, and every later call, rejects with a `DisposedError`. */
  dispose(): void {
    this.#channel.dispose();
    this.#documents.clear();
  }

  #join({ query, retrieved, reranked, timings, device }: Calls["search"]["result"]): SearchResult<M> {
    const complete = <H extends { id: string }>(hit: H) => {
      const document = this.#documents.get(hit.id);
      if (!document) throw new InternalError(`tabrank found ${hit.id}, which was never indexed. Please report this.`);
      const { id, text, metadata } = document;
      return { ...hit, id, text, ...(metadata === undefined ? {} : { metadata }) };
    };
    return { query, retrieved: retrieved.map(complete), reranked: reranked.map(complete), timings, device };
  }
}

/** The callback as the channel calls it. */
function steps(onProgress: ((done: number, total: number) => void) | undefined): ((step: Step) => void) | undefined {
  return onProgress && (({ done, total }) => onProgress(done, total));
}
