// Everything that a program of Node's may do, its answers on one line. It ends by itself, with dispose() or without.
import { isCached, load } from "tabrank";
import { documents, query } from "./texts.js";

const modelsUrl = process.env.TABRANK_MODELS;
const ranker = await load({ modelsUrl, workers: 2, build: "simd128" });
await ranker.index(documents.map((text, i) => ({ id: `d${i}`, text })));
const { retrieved, reranked } = await ranker.search(query);
const { results, device } = await ranker.rerank({ query, documents });
const [vector] = await ranker.embed([query], { kind: "query" });
console.log(
  JSON.stringify({
    logits: results.map(({ logit }) => logit),
    searched: reranked.map(({ logit }) => logit),
    retrieved: retrieved.map(({ id }) => id),
    length: Math.hypot(...vector),
    device,
    cached: await isCached({ modelsUrl }),
  }),
);
if (process.env.DISPOSE) ranker.dispose();
