/** What is searched. */
export const documents = [
  "Start the database server first; applications then connect to it over the network to search their vectors.",
  "The vector index is a library inside the application's own process: there is nothing else to run.",
  "Knead the dough for ten minutes and let it rise under a cloth.",
].map((text, i) => ({ id: `document ${i + 1}`, text }));
