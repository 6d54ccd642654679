// Without a bundler, the package is imported from where it lies.
import { load } from "./node_modules/tabrank/dist/index.js";

const query = "a vector database that does not need a separate server";
const documents = [
  "Start the database server first; applications then connect to it over the network to search their vectors.",
  "The vector index is a library inside the application's own process: there is nothing else to run.",
  "Knead the dough for ten minutes and let it rise under a cloth.",
];

const state = document.querySelector("#state");
state.textContent = "Loading the models…";
const ranker = await load({
  // Only the cross-encoder: there is nothing to retrieve here.
  biEncoder: null,
  onProgress: ({ status, file, loaded, total }) => {
    if (status === "progress") state.textContent = `${file}: ${Math.round((100 * loaded) / total)} %`;
  },
});
const { results, device } = await ranker.rerank({ query, documents });
for (const { index, logit } of results) {
  const item = document.createElement("li");
  item.dataset.logit = logit;
  item.textContent = `${logit.toFixed(3)} ${documents[index]}`;
  document.querySelector("#results").append(item);
}
state.textContent = `Scored by ${device}.`;
ranker.dispose();
