import { useEffect, useState } from "react";
import { documents } from "./documents.js";
import { useRanker } from "./useRanker.js";

export function App() {
  const { ranker, state } = useRanker(documents);
  const [query, setQuery] = useState("a vector database that does not need a separate server");
  const [hits, setHits] = useState([]);

  useEffect(() => {
    if (!ranker) return;
    const controller = new AbortController();
    // A search that the next letter has made obsolete is stopped.
    ranker.search(query, { pool: 10, topK: 3, signal: controller.signal }).then(
      ({ reranked }) => setHits(reranked),
      () => setHits([]),
    );
    return () => controller.abort();
  }, [ranker, query]);

  return (
    <main>
      <label>
        Query <input value={query} onChange={(event) => setQuery(event.target.value)} size={60} />
      </label>
      <p id="state">{state}</p>
      <ol id="results">
        {hits.map(({ id, logit, previousRank, text }) => (
          <li key={id} data-logit={logit}>
            {logit.toFixed(3)} {text} <small>(was number {previousRank})</small>
          </li>
        ))}
      </ol>
    </main>
  );
}
