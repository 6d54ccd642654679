/** Candidates from a Chroma server, through its own client: it keeps the corpus and does the first stage, and the tab reranks. */

import type { Collection, EmbeddingFunction, Metadata, Where, WhereDocument } from "chromadb";
import { untilAborted } from "../abort.js";
import type { Ranker } from "../ranker.js";
import type { Candidate, Retriever } from "../types.js";

/** What there is to say of a retriever. */
export interface ChromaRetrieverOptions {
  /** Only documents whose metadata are like this. */
  where?: Where;
  /** Only documents whose text is like this. */
  whereDocument?: WhereDocument;
  /** Embeds queries. Default: the collection's own embedding function. */
  embed?(query: string, signal?: AbortSignal): Promise<ArrayLike<number>>;
}

/** A first stage for `searchIn`. Candidates have the collection's distance, negated, as their score. Records without a text are left out. */
export function chromaRetriever(collection: Pick<Collection, "query">, options: ChromaRetrieverOptions = {}): Retriever<Metadata> {
  const { where, whereDocument, embed } = options;
  return async (query, k, signal) => {
    const asked = embed ? { queryEmbeddings: [Array.from(await embed(query, signal))] } : { queryTexts: [query] };
    const answer = collection.query<Metadata>({
      ...asked,
      nResults: k,
      include: ["documents", "metadatas", "distances"],
      ...(where && { where }),
      ...(whereDocument && { whereDocument }),
    });
    // Its client can't be told to stop; nobody waits for it, though.
    const { ids, documents, metadatas, distances } = await untilAborted(answer, signal);
    return (ids[0] ?? []).flatMap((id, i): Candidate<Metadata>[] => {
      const text = documents[0]?.[i];
      if (text == null) return [];
      const [distance, metadata] = [distances[0]?.[i], metadatas[0]?.[i]];
      return [{ id, text, ...(distance != null && { score: -distance }), ...(metadata != null && { metadata }) }];
    });
  };
}

/** The ranker's bi-encoder as a collection's embedding function. Its vectors are of length 1: cosine is the space for them. */
export function chromaEmbeddings(ranker: Pick<Ranker, "embed">): EmbeddingFunction {
  const embed = async (texts: string[], kind: "query" | "document") => {
    const vectors = await ranker.embed(texts, { kind });
    return vectors.map((vector) => Array.from(vector));
  };
  return {
    name: "tabrank",
    generate: (texts) => embed(texts, "document"),
    generateForQueries: (texts) => embed(texts, "query"),
    defaultSpace: () => "cosine",
    supportedSpaces: () => ["cosine", "l2", "ip"],
  };
}
