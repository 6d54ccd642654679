// Retrieval for an answer that a language model is to write: tabrank's bi-encoder fills LangChain's vector store, a compressor with
// its cross-encoder hands on what answers the question. What comes out is the prompt; any chat model of LangChain's takes it.

import { ContextualCompressionRetriever } from "@langchain/classic/retrievers/contextual_compression";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { load } from "tabrank";
import { TabrankEmbeddings, TabrankRerank } from "tabrank/langchain";

const question = "Which vector database does not need a separate server?";
const texts = [
  "Start the database server first; applications then connect to it over the network to search their vectors.",
  "The vector index is a library inside the application's own process: there is nothing else to run.",
  "Knead the dough for ten minutes and let it rise under a cloth.",
];

const ranker = await load({ modelsUrl: process.env.TABRANK_MODELS ?? "models/" });
const store = await MemoryVectorStore.fromTexts(
  texts,
  texts.map((_, i) => ({ source: `note ${i + 1}` })),
  new TabrankEmbeddings({ ranker }),
);
const retriever = new ContextualCompressionRetriever({
  baseRetriever: store.asRetriever(3),
  baseCompressor: new TabrankRerank({ ranker, topN: 2 }),
});

const documents = await retriever.invoke(question);
const prompt = ChatPromptTemplate.fromTemplate("Answer from these notes alone.\n\n{notes}\n\nQuestion: {question}");
const notes = documents.map(({ pageContent, metadata }) => `[${metadata.source}, logit ${metadata.logit.toFixed(3)}] ${pageContent}`);
console.log((await prompt.invoke({ notes: notes.join("\n"), question })).toString());
ranker.dispose();
