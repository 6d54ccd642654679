import { useEffect, useState } from "react";
import { load } from "tabrank";

/** A ranker over these documents, and what it is doing. It is disposed of with the component. */
export function useRanker(documents) {
  const [ranker, setRanker] = useState(null);
  const [state, setState] = useState("Loading the models…");
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const start = async () => {
      const loaded = await load({ signal });
      signal.addEventListener("abort", () => loaded.dispose());
      setState("Reading the documents…");
      await loaded.index(documents, { signal });
      setRanker(loaded);
      setState("Ready.");
    };
    start().catch((error) => {
      if (!signal.aborted) setState(`${error.name}: ${error.message}`);
    });
    return () => controller.abort();
  }, [documents]);
  return { ranker, state };
}
