/** The same question with and without its small word: how far that moves the cosine of each passage, and how far its logit. */

import type { Corpus } from "../../corpus";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { cosine } from "../vectors";
import { TrapShowing } from "./trap/showing";

/** How many passages of each question's first stage are compared where the lesson names none. */
const FIRST = 5;

/** The longest question that is taken from an address. */
const LONGEST = 300;

/** What the exhibit is set to. */
export interface TrapState {
  /** The question with the small word, and the one without. */
  readonly queries: readonly [string, string];
  /** The passages that the lesson names, by id; null for those that the bi-encoder finds. */
  readonly passages: readonly string[] | null;
  /** Which of the questions is looked at. */
  readonly asked: 0 | 1;
}

/** What is computed. */
export type TrapInput = Pick<TrapState, "queries" | "passages">;

/** A passage with its scores for both questions. */
export interface TrapPassage {
  readonly id: string;
  readonly cosines: readonly [number, number];
  readonly logits: readonly [number, number];
}

/** What is found. */
export interface TrapData {
  readonly passages: readonly TrapPassage[];
}

/** The exhibit. */
export const trap: Exhibit<TrapState, TrapInput, TrapData> = {
  start(settings: Settings, corpus: Corpus): TrapState {
    const queries: [string, string] = [settings.text("with"), settings.text("without")];
    const passages = settings.texts("passages");
    settings.end();
    const unknown = passages.find((id) => corpus.passage(id) === undefined);
    if (unknown !== undefined) throw new Error(`passages names ${unknown}, which is not in the library.`);
    return { queries, passages, asked: 0 };
  },

  restore(start, kept) {
    const text = (key: string, usual: string): string => kept.get(key)?.slice(0, LONGEST) ?? usual;
    const queries: [string, string] = [text("a", start.queries[0]), text("b", start.queries[1])];
    const own = queries.some((query, i) => query !== start.queries[i]);
    return { queries, passages: own ? null : start.passages, asked: kept.get("word") === "no" ? 1 : 0 };
  },

  keep({ queries: [a, b], asked }, { queries }) {
    return { ...(a === queries[0] ? {} : { a }), ...(b === queries[1] ? {} : { b }), ...(asked === 0 ? {} : { word: "no" }) };
  },

  input: ({ queries, passages }) => (queries.some((query) => query.trim() === "") ? undefined : { queries, passages }),

  compute,

  show: (stage: Stage<TrapState>) => new TrapShowing(stage),
};

async function compute(lab: Lab, { queries, passages }: TrapInput, { signal, onProgress, ran }: ComputeOptions): Promise<TrapData> {
  const ranker = await lab.ranker(signal);
  const ids = [...(passages ?? [])];
  if (passages === null) {
    for (const query of queries) {
      // The cosines alone are wanted; the one pair that is read is read again below, and known by then.
      const { retrieved } = await ranker.retrieve(query, { pool: FIRST, signal });
      ids.push(...retrieved.map(({ id }) => id).filter((id) => !ids.includes(id)));
    }
  }
  const documents = ids.map((id) => lab.corpus.passage(id)?.text ?? "");
  const asked = await ranker.embed(queries, { kind: "query", signal });
  const read = await ranker.embed(documents, { kind: "document", signal });
  const logits: number[][] = [];
  for (const [i, query] of queries.entries()) {
    const { results, device } = await ranker.rerank({
      query,
      documents,
      signal,
      onProgress: (done) => onProgress(i * documents.length + done, queries.length * documents.length),
    });
    ran(device);
    logits.push(results.sort((a, b) => a.index - b.index).map(({ logit }) => logit));
  }
  const both = (of: (query: number) => number): [number, number] => [of(0), of(1)];
  return {
    passages: ids.map((id, p) => ({
      id,
      cosines: both((q) => cosine(asked[q] ?? new Float32Array(), read[p] ?? new Float32Array())),
      logits: both((q) => logits[q]?.[p] ?? 0),
    })),
  };
}
