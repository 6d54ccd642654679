/** tabrank in LangChain.js: a document compressor for its contextual-compression retrievers, and embeddings. */

import type { Callbacks } from "@langchain/core/callbacks/manager";
import { Document, type DocumentInterface } from "@langchain/core/documents";
import { Embeddings, type EmbeddingsParams } from "@langchain/core/embeddings";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import type { Ranker } from "../ranker.js";

/** What there is to say of a compressor. */
export interface TabrankRerankOptions {
  /** Made by `load`; it may be without a bi-encoder. */
  ranker: Pick<Ranker, "rerank">;
  /** How many documents are handed on. Default 3; `Infinity` for all. */
  topN?: number;
  /** Documents with a lower logit aren't handed on. What is low depends on the model. */
  minLogit?: number;
  /** `sigmoid` maps the logit to 0..1 for `metadata.relevanceScore`. Default `identity`. */
  activation?: "identity" | "sigmoid";
  /** Stops what is under way. */
  signal?: AbortSignal;
}

/**
 * Puts documents in the order of a cross-encoder's logits and hands on the best. Each has `relevanceScore` and the raw `logit` in its
 * metadata, beside what was there.
 */
export class TabrankRerank extends BaseDocumentCompressor {
  readonly #options: TabrankRerankOptions;

  constructor(options: TabrankRerankOptions) {
    super();
    this.#options = options;
  }

  async compressDocuments(documents: DocumentInterface[], query: string, _callbacks?: Callbacks): Promise<DocumentInterface[]> {
    if (documents.length === 0) return [];
    const { ranker, topN = 3, minLogit = Number.NEGATIVE_INFINITY, activation = "identity", signal } = this.#options;
    const { results } = await ranker.rerank({
      query,
      documents: documents.map(({ pageContent }) => pageContent),
      top_n: Math.min(topN, documents.length),
      activation,
      ...(signal && { signal }),
    });
    return results
      .filter(({ logit }) => logit >= minLogit)
      .map(({ index, logit, relevance_score: relevanceScore }) => {
        const { pageContent, metadata, id } = documents[index] as DocumentInterface;
        return new Document({ pageContent, metadata: { ...metadata, relevanceScore, logit }, ...(id !== undefined && { id }) });
      });
  }
}

/** The bi-encoder's vectors for LangChain's vector stores. */
export class TabrankEmbeddings extends Embeddings {
  readonly #ranker: Pick<Ranker, "embed">;

  constructor({ ranker, ...params }: EmbeddingsParams & { ranker: Pick<Ranker, "embed"> }) {
    super(params);
    this.#ranker = ranker;
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    const vectors = await this.#ranker.embed(texts, { kind: "document" });
    return vectors.map((vector) => Array.from(vector));
  }

  async embedQuery(text: string): Promise<number[]> {
    const [vector] = await this.#ranker.embed([text], { kind: "query" });
    return Array.from(vector ?? []);
  }
}
