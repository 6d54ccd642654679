// Everything that a program of Node's may do, its answers on one line. It ends by itself, with dispose() or without.
import { isCached, load } from "tabrank";
import { openEvaluator } from "tabrank/evaluate";
import { documents, query } from "./texts.js";

const modelsUrl = process.env.TABRANK_MODELS;
const ranker = await load({ modelsUrl, workers: 2, build: "simd128" });
await ranker.index(documents.map((text, i) => ({ id: `d${i}`, text })));
const { retrieved, reranked } = await ranker.search(query);
const words = await ranker.retrieve(query, { retriever: "bm25" });
const prebuilt = await ranker.exportIndex();
await ranker.index(documents.map((text, i) => ({ id: `d${i}`, text })), { prebuilt });
const again = await ranker.retrieve(query);
const evaluator = await openEvaluator();
await evaluator.indexWords(documents);
const [bm25] = await evaluator.bm25([query], documents.length);
const [metrics] = await evaluator.measure([{ ranked: [0, 1], judged: [1] }]);
const { results, device } = await ranker.rerank({ query, documents });
const [vector] = await ranker.embed([query], { kind: "query" });
console.log(
  JSON.stringify({
    logits: results.map(({ logit }) => logit),
    searched: reranked.map(({ logit }) => logit),
    retrieved: retrieved.map(({ id }) => id),
    again: again.retrieved.map(({ id }) => id),
    words: words.retrieved.map(({ id, bm25: score }) => [id, score]),
    bm25: bm25.documents.map((document, i) => [`d${document}`, bm25.scores[i]]),
    mrr: metrics.mrr,
    length: Math.hypot(...vector),
    device,
    cached: await isCached({ modelsUrl }),
    at: Date.now(),
  }),
);
if (process.env.DISPOSE) {
  ranker.dispose();
  evaluator.dispose();
}
