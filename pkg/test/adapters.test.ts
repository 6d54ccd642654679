/** First stages and frameworks of others. */

import { Document } from "@langchain/core/documents";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { chromaEmbeddings, chromaRetriever } from "../src/adapters/chroma.js";
import { httpRetriever } from "../src/adapters/http.js";
import { TabrankEmbeddings, TabrankRerank } from "../src/adapters/langchain.js";
import { AbortError, BadInputError, DisposedError, NotReadyError, RetrieverError } from "../src/errors.js";
import type { Candidate, Retriever } from "../src/types.js";
import { info, setUp } from "./fake-worker.js";
import { body, startServer, status, type TestServer } from "./server.js";

// A passage's logit is its length.
const found: Candidate<{ page: number }>[] = [
  { id: "a", text: "three", score: 0.9, metadata: { page: 1 } },
  { id: "b", text: "seventeen letters", score: 0.8 },
  { id: "c", text: "of eleven", score: 0.7 },
];

describe("searchIn", () => {
  test("reranks what another first stage finds", async () => {
    const { ranker, begun } = await setUp();
    const retriever = vi.fn<Retriever<{ page: number }>>(() => found);
    const onRetrieved = vi.fn();
    const result = await ranker.searchIn(retriever, "q", { pool: 2, topK: 1, onRetrieved });
    expect(retriever).toHaveBeenCalledWith("q", 2, expect.any(AbortSignal));
    expect(result.retrieved).toEqual([{ ...found[0], rank: 1 }, { ...found[1], rank: 2 }]);
    expect(onRetrieved).toHaveBeenCalledWith(result.retrieved);
    expect(result.reranked).toEqual([{ id: "b", rank: 1, previousRank: 2, logit: 17, truncated: false, text: "seventeen letters" }]);
    expect(result).toMatchObject({ query: "q", scored: 2, timings: { retrieve: expect.any(Number), rerank: expect.any(Number) } });
    expect(begun).toEqual(["score q: three seventeen letters"]);
  });

  test("needs no bi-encoder, and everything that does says so", async () => {
    const { ranker } = await setUp(1, { known: { ...info, biEncoder: null } });
    expect((await ranker.searchIn(() => found, "q")).reranked[0]?.id).toBe("b");
    expect(ranker.info().biEncoder).toBeNull();
    for (const work of [ranker.index([]), ranker.search("q"), ranker.embed(["a"], { kind: "query" })]) await expect(work).rejects.toThrow(NotReadyError);
  });

  test("of nothing is nothing", async () => {
    const { ranker } = await setUp();
    expect(await ranker.searchIn(async () => [], "q")).toMatchObject({ retrieved: [], reranked: [] });
  });

  test.each([["no array", {}], ["no text", [{ id: "a" }]], ["no id", [{ text: "a" }]], ["nothing at all", undefined]])("refuses %s", async (_, given) => {
    const { ranker } = await setUp();
    await expect(ranker.searchIn(async () => given as never, "q")).rejects.toThrow(RetrieverError);
  });

  test("hands on the retriever's own error, and refuses bad numbers before it asks", async () => {
    const { ranker } = await setUp();
    await expect(ranker.searchIn((): Promise<never> => Promise.reject(new TypeError("mine")), "q")).rejects.toThrow("mine");
    const retriever = vi.fn();
    await expect(ranker.searchIn(retriever, "q", { pool: 0 })).rejects.toThrow(BadInputError);
    expect(retriever).not.toHaveBeenCalled();
  });

  test("ends with the ranker", async () => {
    const { ranker } = await setUp();
    const retriever = vi.fn(() => new Promise<never>(() => {}));
    const work = ranker.searchIn(retriever, "q");
    ranker.dispose();
    await expect(work).rejects.toThrow(DisposedError);
    await expect(ranker.searchIn(retriever, "q")).rejects.toThrow(DisposedError);
    expect(retriever).toHaveBeenCalledOnce();
  });

  test("lets go at once of a retriever that doesn't listen", async () => {
    const { ranker } = await setUp();
    const controller = new AbortController();
    const work = ranker.searchIn(() => new Promise<never>(() => {}), "q", { signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toThrow(AbortError);
  });
});

describe("LangChain", () => {
  const documents = found.map(({ text, metadata }, i) => new Document({ id: `d${i}`, pageContent: text, metadata: metadata ?? {} }));

  test("a compressor hands on the best documents, with their scores beside what they had", async () => {
    const { ranker } = await setUp();
    const best = await new TabrankRerank({ ranker, topN: 2 }).compressDocuments(documents, "q");
    expect(best.map(({ id, metadata }) => [id, metadata])).toEqual([
      ["d1", { relevanceScore: 17, logit: 17 }],
      ["d2", { relevanceScore: 9, logit: 9 }],
    ]);
    const all = await new TabrankRerank({ ranker, topN: Number.POSITIVE_INFINITY, minLogit: 5, activation: "sigmoid" }).compressDocuments(documents, "q");
    expect(all).toHaveLength(3);
    expect(all[2]).toEqual(new Document({ id: "d0", pageContent: "three", metadata: { page: 1, relevanceScore: 1 / (1 + Math.exp(-5)), logit: 5 } }));
    expect(documents[0]?.metadata).toEqual({ page: 1 });
    expect(await new TabrankRerank({ ranker, minLogit: 10 }).compressDocuments(documents, "q")).toHaveLength(1);
    expect(await new TabrankRerank({ ranker }).compressDocuments([], "q")).toEqual([]);
  });

  test("embeddings tell queries from documents", async () => {
    const { ranker, begun } = await setUp();
    const embeddings = new TabrankEmbeddings({ ranker });
    expect(await embeddings.embedDocuments(["a", "bb"])).toEqual([[1], [2]]);
    expect(await embeddings.embedQuery("ccc")).toEqual([3]);
    expect(begun).toEqual(["embed document", "embed query"]);
  });
});

describe("Chroma", () => {
  const answer = {
    ids: [["a", "b", "c"]],
    documents: [["text of a", null, "text of c"]],
    metadatas: [[{ page: 1 }, null, null]],
    distances: [[0.1, 0.2, 0.3]],
  };

  test("candidates are its records that have a text", async () => {
    const query = vi.fn(async () => answer);
    const retriever = chromaRetriever({ query } as never, { where: { page: 1 } });
    expect(await retriever("q", 3)).toEqual([
      { id: "a", text: "text of a", score: -0.1, metadata: { page: 1 } },
      { id: "c", text: "text of c", score: -0.3 },
    ]);
    expect(query).toHaveBeenCalledWith({ queryTexts: ["q"], nResults: 3, include: ["documents", "metadatas", "distances"], where: { page: 1 } });
    const { ranker } = await setUp();
    const embeddings = chromaEmbeddings(ranker);
    const own = chromaRetriever({ query } as never, { embed: async (text) => (await embeddings.generateForQueries?.([text]))?.[0] ?? [] });
    await own("four", 1);
    expect(query).toHaveBeenLastCalledWith(expect.objectContaining({ queryEmbeddings: [[4]], nResults: 1 }));
    expect(await embeddings.generate(["a", "bb"])).toEqual([[1], [2]]);
  });
});

describe("HTTP", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.close());

  test("posts query and number, and takes a list or an object with one", async () => {
    const asked: string[] = [];
    server.routes.set("/search", (response, request) => {
      request.on("data", (part: Buffer) => asked.push(`${request.method} ${request.headers["x-key"] ?? ""} ${String(part)}`));
      request.on("end", () => body(JSON.stringify(asked.length > 1 ? found : { candidates: found }))(response, request));
    });
    const retriever = httpRetriever({ url: new URL("search", server.url), headers: { "x-key": "secret" } });
    expect(await retriever("q", 7)).toEqual(found);
    expect(await retriever("q", 7)).toEqual(found);
    expect(asked[0]).toBe('POST secret {"query":"q","k":7}');
  });

  test("may be asked in another way, and answer in another", async () => {
    server.routes.set("/find?text=q&n=2", body(JSON.stringify({ hits: [{ key: 1, content: "one" }] })));
    const retriever = httpRetriever({
      url: server.url,
      request: (query, k) => ({ url: new URL(`find?text=${query}&n=${k}`, server.url) }),
      parse: (answer) => (answer as { hits: { key: number; content: string }[] }).hits.map(({ key, content }) => ({ id: String(key), text: content })),
    });
    expect(await retriever("q", 2)).toEqual([{ id: "1", text: "one" }]);
  });

  test.each([
    ["an error", status(500), /HTTP 500/],
    ["no JSON", body("<html>"), /gave no candidates/],
    ["something else", body('{"results": []}'), /parse/],
  ])("refuses %s", async (_, route, message) => {
    server.routes.set("/", route);
    const work = Promise.resolve(httpRetriever({ url: server.url })("q", 1));
    await expect(work).rejects.toThrow(RetrieverError);
    await expect(work).rejects.toThrow(message);
  });

  test("is aborted", async () => {
    server.routes.set("/", () => {});
    const controller = new AbortController();
    const work = Promise.resolve(httpRetriever({ url: server.url })("q", 1, controller.signal));
    setTimeout(() => controller.abort(), 10);
    await expect(work).rejects.toThrow(AbortError);
  });
});
