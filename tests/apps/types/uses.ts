// What a caller's compiler must accept, and what it must not. Nobody runs this.
import { clearCache, isCached, load, ModelIntegrityError, TabrankError, type ErrorCode, type Info, type Retriever, type SearchResult } from "tabrank";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import { chromaEmbeddings, chromaRetriever } from "tabrank/chroma";
import { httpRetriever } from "tabrank/http";
import { TabrankEmbeddings, TabrankRerank } from "tabrank/langchain";
import type { Collection } from "chromadb";

interface Page {
  page: number;
}

const controller = new AbortController();
const maybe: AbortSignal | undefined = Math.random() > 2 ? controller.signal : undefined;
const ranker = await load<Page>({
  biEncoder: { repo: "group/name", revision: "main", quantization: "Q4_0" },
  crossEncoder: new URL("https://page.test/m.gguf"),
  device: "auto",
  workers: 2,
  signal: maybe,
  onProgress: ({ status, loaded, total }) => console.log(status, loaded, total),
});
await load({ biEncoder: null, crossEncoder: new Uint8Array(1) });
await ranker.index([{ id: "a", text: "b", metadata: { page: 1 } }]);
const found: SearchResult<Page> = await ranker.search("q", { pool: 1, signal: maybe });
const page: number | undefined = found.reranked[0]?.metadata?.page;

const { results } = await ranker.rerank({ query: "q", documents: ["a", { text: "b", metadata: { page: 2 } }], top_n: 1, return_documents: true });
const score: number | undefined = results[0]?.relevance_score;
const ranked = await ranker.rank("q", ["a"], { topK: 1 });
const id: number | undefined = ranked[0]?.corpus_id;
for await (const { index, logit } of ranker.rerankStream({ query: "q", documents: ["a"] })) console.log(index + logit);
for await (const event of ranker.searchStream("q")) {
  if (event.type === "done") console.log(event.result.timings.total);
  else if (event.type === "scored") console.log(event.logit);
}

const retriever: Retriever<Page> = async (_query, k, signal) => (signal?.aborted || k < 1 ? [] : [{ id: "a", text: "b", metadata: { page: 3 } }]);
const elsewhere = await ranker.searchIn(retriever, "q");
const other: number | undefined = elsewhere.retrieved[0]?.metadata?.page;
await ranker.searchIn(httpRetriever({ url: "/search" }), "q");
await ranker.searchIn(chromaRetriever({} as Collection), "q");
console.log(chromaEmbeddings(ranker).name, new TabrankRerank({ ranker, topN: 2 }), new TabrankEmbeddings({ ranker }));

const first = await ranker.retrieve("q", { retriever: "hybrid", fusion: { method: "weighted-sum", weight: 0.5 } });
const words: number | undefined = first.retrieved[0]?.bm25;
const file: ArrayBuffer = await ranker.exportIndex();
const evaluator: Evaluator = await openEvaluator();
const [metrics] = await evaluator.measure([{ ranked: [1], judged: [1] }], { relevant: 2 });
const ndcg: number | undefined = metrics?.["ndcg@10"];
const { verdict } = await evaluator.compare([0], [1]);
const plain: "helps" | "hurts" | "unclear" = verdict;
console.log(words, file, ndcg, plain);

const vectors: Float32Array[] = await ranker.embed(["a"], { kind: "document" });
const info: Info = ranker.info();
const cached: boolean = await isCached({ crossEncoder: "group/name" });
await clearCache();
try {
  ranker.dispose();
} catch (error) {
  if (error instanceof ModelIntegrityError) console.log(error.expected, error.found);
  if (error instanceof TabrankError) {
    const code: ErrorCode = error.code;
    console.log(code);
  }
}
console.log(page, score, id, other, vectors, info.biEncoder?.layers, cached);

// @ts-expect-error a weighted sum has a weight
await ranker.retrieve("q", { retriever: "hybrid", fusion: { method: "weighted-sum" } });
// @ts-expect-error a device is one of three
await load({ device: "gpu" });
// @ts-expect-error what the texts are must be said
await ranker.embed(["a"]);
// @ts-expect-error metadata are of the ranker's kind
await ranker.index([{ id: "a", text: "b", metadata: { pages: 1 } }]);
// @ts-expect-error documents have a text
await ranker.rerank({ query: "q", documents: [{ title: "a" }] });
// @ts-expect-error there may be no bi-encoder
console.log(ranker.info().biEncoder.layers);
