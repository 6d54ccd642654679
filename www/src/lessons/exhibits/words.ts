/** Leave-one-out: what each word of a question and of a passage does to the cosine and to the logit of the two. */

import type { Corpus } from "../../corpus";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { cosine } from "../vectors";
import { WordsShowing } from "./words/showing";

/** Words that are left out one by one; what comes after them stays in, always. */
const MOST = { query: 40, passage: 150 } as const;

/** The longest texts that are taken from an address, and put into one. */
const LONGEST = { query: 300, text: 1500 } as const;

/** What the exhibit is set to. */
export interface WordsState {
  readonly query: string;
  /** A passage of the library, by id; what counts where there is no text. */
  readonly passage: string;
  /** A passage that the reader has written. */
  readonly text: string | null;
  /** Words that the lesson speaks of; what they do is said below, where they are in the texts. */
  readonly watch: readonly string[];
}

/** What is computed. */
export type WordsInput = Omit<WordsState, "watch">;

/** A word with what it does: the score with it less the score without it. Null where nothing would be left. */
export interface Word {
  readonly text: string;
  readonly cosine: number | null;
  readonly logit: number | null;
}

/** What is found. */
export interface WordsData {
  readonly cosine: number;
  readonly logit: number;
  /** The words of the question that were left out, one at a time, and the rest of it. */
  readonly query: readonly Word[];
  readonly queryRest: string;
  readonly passage: readonly Word[];
  readonly passageRest: string;
}

/** The exhibit. */
export const words: Exhibit<WordsState, WordsInput, WordsData> = {
  start(settings: Settings, corpus: Corpus): WordsState {
    const [query, passage] = [settings.text("query"), settings.text("passage")];
    const watch = settings.has("watch") ? settings.texts("watch") : [];
    settings.end();
    if (corpus.passage(passage) === undefined) throw new Error(`passage is ${passage}, which is not in the library.`);
    return { query, passage, text: null, watch };
  },

  restore(start, kept, corpus) {
    const [query, passage, text] = [kept.get("q"), kept.get("p"), kept.get("t")];
    return {
      query: query?.slice(0, LONGEST.query) ?? start.query,
      passage: passage !== undefined && corpus.passage(passage) !== undefined ? passage : start.passage,
      text: text?.slice(0, LONGEST.text) ?? null,
      watch: start.watch,
    };
  },

  keep({ query, passage, text }, start) {
    return {
      ...(query === start.query ? {} : { q: query }),
      ...(passage === start.passage ? {} : { p: passage }),
      ...(text === null || text.length > LONGEST.text ? {} : { t: text }),
    };
  },

  input: ({ query, passage, text }) => (query.trim() === "" || text?.trim() === "" ? undefined : { query, passage, text }),

  compute,

  show: (stage: Stage<WordsState>) => new WordsShowing(stage),
};

async function compute(lab: Lab, input: WordsInput, { signal, onProgress, ran }: ComputeOptions): Promise<WordsData> {
  const ranker = await lab.ranker(signal);
  const query = leaveOut(input.query, MOST.query);
  const passage = leaveOut(input.text ?? lab.corpus.passage(input.passage)?.text ?? "", MOST.passage);
  const documents = [passage.whole, ...passage.without];
  const total = documents.length + query.without.length;

  const asked = await ranker.embed([query.whole, ...query.without], { kind: "query", signal });
  const read = await ranker.embed(documents, { kind: "document", signal });
  const [a, b] = [asked[0] ?? new Float32Array(), read[0] ?? new Float32Array()];
  const { results, device } = await ranker.rerank({ query: query.whole, documents, signal, onProgress: (done) => onProgress(done, total) });
  ran(device);
  const logits = results.sort((one, other) => one.index - other.index).map(({ logit }) => logit);
  const withoutWord: number[] = [];
  for (const [i, text] of query.without.entries()) {
    const { results: [only] } = await ranker.rerank({ query: text, documents: [passage.whole], signal });
    withoutWord.push(only?.logit ?? 0);
    onProgress(documents.length + i + 1, total);
  }

  const whole = { cosine: cosine(a, b), logit: logits[0] ?? 0 };
  const effects = (list: readonly string[], cosineWithout: (i: number) => number, logitWithout: (i: number) => number): Word[] =>
    list.map((text, i) => (list.length < 2 ? { text, cosine: null, logit: null } : { text, cosine: whole.cosine - cosineWithout(i), logit: whole.logit - logitWithout(i) }));
  return {
    ...whole,
    query: effects(query.words, (i) => cosine(asked[i + 1] ?? a, b), (i) => withoutWord[i] ?? 0),
    queryRest: query.rest,
    passage: effects(passage.words, (i) => cosine(a, read[i + 1] ?? b), (i) => logits[i + 1] ?? 0),
    passageRest: passage.rest,
  };
}

/** A text with its first words, and the texts that lack one of these each. */
export interface LeftOut {
  readonly whole: string;
  readonly words: readonly string[];
  /** What follows the words; empty where these are all. */
  readonly rest: string;
  readonly without: readonly string[];
}

/** Leaves out the first words of a text one by one. A word is what stands between spaces, with its comma. */
export function leaveOut(text: string, most: number): LeftOut {
  const all = text.split(/\s+/).filter((word) => word !== "");
  const list = all.slice(0, most);
  const rest = all.slice(most).join(" ");
  const without = all.length < 2 ? [] : list.map((_, left) => all.filter((_word, i) => i !== left).join(" "));
  return { whole: all.join(" "), words: list, rest, without };
}
