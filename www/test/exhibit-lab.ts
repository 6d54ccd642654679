/** A lab for tests of exhibits that run over labelled questions: rankings and logits are given, words and metrics are the real ones. */

import type { Ranker } from "tabrank";
import type { Evaluator } from "tabrank/evaluate";
import { Corpus, type LabelledQuery, type Passage } from "../src/corpus";
import type { ComputeOptions } from "../src/lessons/exhibit";
import type { Lab } from "../src/lessons/lab";

/** What the models say. */
export interface Said {
  /** For each question the passages' positions, best first. */
  readonly order: readonly (readonly number[])[];
  /** For each question its logits, by position of the passage. */
  readonly logits: readonly (readonly number[])[];
}

/** A library of these texts, and questions with their grades by position of the passage. */
export function libraryOf(texts: readonly string[], questions: readonly { text: string; trap?: string; grades: Readonly<Record<number, number>> }[]): Corpus {
  const passages = texts.map((text, i): Passage => ({ id: `p${i}`, shelf: "shelf", title: `title ${i}`, text }));
  const queries = questions.map(({ text, trap, grades }, i): LabelledQuery => ({
    id: `q${i}`,
    shelf: "shelf",
    text,
    trap: trap ?? null,
    twin: null,
    grades: Object.fromEntries(Object.entries(grades).map(([position, grade]) => [`p${position}`, grade])),
  }));
  return new Corpus(passages, queries);
}

/** The lab. `asked` tells what the models were asked. */
export function labOf(corpus: Corpus, { order, logits }: Said, evaluator: Evaluator): { lab: Lab; asked: string[] } {
  const asked: string[] = [];
  const which = (text: string): number => corpus.queries.findIndex((query) => query.text === text.trimEnd());
  const positions = new Map(corpus.passages.map(({ text }, i) => [text, i]));
  const known = new Set<string>();
  const scored = (text: string, documents: readonly number[]): number => documents.filter((one) => !known.has(`${text} ${one}`) && known.add(`${text} ${one}`)).length;
  const logit = (text: string, position: number): number => logits[which(text)]?.[position] ?? 0;
  const hit = (position: number, i: number): object => ({ id: `p${position}`, cosine: 1 - i / 100, score: 1 - i / 100, rank: i + 1 });
  const ranker = {
    info: () => ({ device: "abacus" }),
    retrieve: async (text: string, { pool, retriever = "dense" }: { pool: number; retriever?: string }) => {
      asked.push(`retrieve ${pool} ${retriever}`);
      return { retrieved: (order[which(text)] ?? []).slice(0, pool).map(hit), timings: { embed: 1, retrieve: 1 } };
    },
    rerank: async ({ query, documents }: { query: string; documents: readonly string[] }) => {
      const places = documents.map((document) => positions.get(document) ?? -1);
      asked.push(`rerank ${places.join(" ")}`);
      return { results: places.map((position, index) => ({ index, logit: logit(query, position) })).sort((a, b) => b.logit - a.logit), device: "abacus", scored: scored(query, places) };
    },
    search: async (text: string, { pool, topK }: { pool: number; topK: number }) => {
      asked.push(`search ${pool}`);
      const found = (order[which(text)] ?? []).slice(0, pool);
      const best = [...found].sort((a, b) => logit(text, b) - logit(text, a)).slice(0, topK);
      return {
        retrieved: found.map(hit),
        reranked: best.map((position, i) => ({ id: `p${position}`, rank: i + 1, logit: logit(text, position) })),
        scored: scored(text, found),
        device: "abacus",
        timings: { total: 10 + 2 * found.length },
      };
    },
  } as unknown as Ranker;
  const none = (): never => {
    throw new Error("not asked for");
  };
  return { asked, lab: { corpus, manifest: { defaults: {}, models: [] } as never, ranker: async () => ranker, reranker: none, evaluator: async () => evaluator, recorded: none } };
}

/** What accompanies a computation, and what was said to it. */
export function optionsOf(signal = new AbortController().signal): { options: ComputeOptions; steps: [number, number][]; devices: string[] } {
  const steps: [number, number][] = [];
  const devices: string[] = [];
  return { steps, devices, options: { signal, onProgress: (done, total) => steps.push([done, total]), ran: (device) => devices.push(device) } };
}
