export const query = "a vector database that does not need a separate server";
export const documents = [
  "Start the database server first; applications then connect to it over the network to search their vectors.",
  "The vector index is a library inside the application's own process: there is nothing else to run.",
  "Knead the dough for ten minutes and let it rise under a cloth.",
];
