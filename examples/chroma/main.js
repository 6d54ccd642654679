// A Chroma server keeps the corpus and does the first stage; it must allow this page's origin (cors_allow_origins in its
// configuration). Where it runs: ?chroma=http://localhost:8000

import { ChromaClient } from "chromadb";
import { load } from "tabrank";
import { chromaEmbeddings, chromaRetriever } from "tabrank/chroma";

const query = "a vector database that does not need a separate server";
const documents = [
  "Start the database server first; applications then connect to it over the network to search their vectors.",
  "The vector index is a library inside the application's own process: there is nothing else to run.",
  "Knead the dough for ten minutes and let it rise under a cloth.",
];

const state = document.querySelector("#state");
const server = new URL(new URLSearchParams(location.search).get("chroma") ?? "http://localhost:8000");
state.textContent = "Loading the models…";
let ranker;
try {
  ranker = await load();
  const ssl = server.protocol === "https:";
  const client = new ChromaClient({ host: server.hostname, port: Number(server.port || (ssl ? 443 : 80)), ssl });
  const collection = await client.getOrCreateCollection({ name: "notes", embeddingFunction: chromaEmbeddings(ranker) });
  await collection.upsert({
    ids: documents.map((_, i) => `note ${i + 1}`),
    documents,
    metadatas: documents.map(({ length }) => ({ length })),
  });
  const { retrieved, reranked } = await ranker.searchIn(chromaRetriever(collection), query, { topK: 3 });
  for (const { logit, previousRank, text } of reranked) {
    const item = document.createElement("li");
    item.dataset.logit = logit;
    item.textContent = `${logit.toFixed(3)} ${text} (Chroma's number ${previousRank})`;
    document.querySelector("#results").append(item);
  }
  state.textContent = `Chroma found ${retrieved.length} of ${await collection.count()}.`;
} catch (error) {
  state.textContent = `${error.name}: ${error.message}`;
} finally {
  ranker?.dispose();
}
