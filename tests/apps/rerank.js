// What the apps have in common that are no examples: one rerank, its logits in the page.
import { load } from "tabrank";
import { documents, query } from "./texts.js";

export async function rerank() {
  const state = document.querySelector("#state");
  try {
    const ranker = await load({ biEncoder: null, modelsUrl: "models/" });
    const results = await ranker.rank(query, documents, { returnDocuments: true });
    for (const { logit, text } of results) {
      const item = document.createElement("li");
      item.dataset.logit = logit;
      item.textContent = text;
      document.querySelector("#results").append(item);
    }
    state.textContent = `Scored by ${ranker.info().device}.`;
    ranker.dispose();
  } catch (error) {
    state.textContent = `${error.name}: ${error.message}`;
  }
}
