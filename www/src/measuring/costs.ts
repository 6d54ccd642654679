/**
 * What a search costs on this device, step by step: turning a question into a vector, comparing it with vectors, turning passages into
 * vectors, reading pairs. Nothing of it is answered from what was kept, and nothing else is asked of the models meanwhile.
 */

import type { Ranker } from "tabrank";
import type { Corpus } from "../corpus";
import { rest, untilAborted } from "./abort";
import { significant } from "./quantities";
import { mean, percentiles } from "./runs";

/** Words of the passages that are measured, from a sentence to as much as the default bi-encoder reads of one text. */
export const LENGTHS: readonly number[] = [20, 60, 180];

/** What passages of a length cost, in milliseconds each. */
export interface LengthCost {
  readonly words: number;
  /** Turning one into a vector. */
  readonly embed: number;
  /** Reading a question together with one. */
  readonly read: number;
}

/** What was measured. Times are in milliseconds. */
export interface Costs {
  /** Turning a question into a vector: the median of `questions`. */
  readonly question: number;
  readonly questions: number;
  /** Comparing it with one vector: the mean of `questions` searches of `vectors`. */
  readonly compare: number;
  readonly vectors: number;
  /** Numbers in a vector. */
  readonly width: number;
  /** Medians for each length, in the order of `LENGTHS`. */
  readonly lengths: readonly LengthCost[];
  /** Passages at a time. */
  readonly batch: number;
  /** Workers that read pairs side by side; passages are turned into vectors by one. */
  readonly workers: number;
  /** What read the pairs. */
  readonly device: string;
  readonly biEncoder: string;
  readonly crossEncoder: string;
}

/** What accompanies a measurement. */
export interface CostOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Bytes that a passage takes in the engine's index: a byte for each number of its vector, and a scale of four. */
export function bytesOf(width: number): number {
  return width + 4;
}

/** Passages at a time, on the CPU and on the GPU: as many as keep it busy without taking long. */
const BATCH = { cpu: 8, gpu: 48 } as const;
/** How often each length is measured; the longest texts are the least disturbed. */
const triesOf = (words: number): number => (words > 100 ? 3 : 5);
/** A comparison that took longer than this, in milliseconds, and than this many times the median, was interrupted. */
const INTERRUPTED = { milliseconds: 2, times: 5 } as const;
/** How long is waited for workers and GPU to be ready, in milliseconds. */
const PATIENCE = 15_000;

/** How long a measurement goes on that nobody waits for, in milliseconds: whoever asks anew takes it over. */
const GRACE = 300;

interface Measurement {
  readonly result: Promise<Costs>;
  readonly end: AbortController;
  readonly listeners: Set<NonNullable<CostOptions["onProgress"]>>;
  /** How many wait for the result. */
  waiting: number;
}

/** Measurements that are under way or done. */
const measurements = new WeakMap<Ranker, Measurement>();

/** The costs of a ranker, measured once: whoever asks again gets the same ones. What nobody waits for any more is given up. */
export async function costsOf(ranker: Ranker, corpus: Corpus, { signal, onProgress }: CostOptions = {}): Promise<Costs> {
  const measurement = measurements.get(ranker) ?? begin(ranker, corpus);
  if (onProgress !== undefined) measurement.listeners.add(onProgress);
  measurement.waiting += 1;
  try {
    return await untilAborted(measurement.result, signal);
  } finally {
    if (onProgress !== undefined) measurement.listeners.delete(onProgress);
    measurement.waiting -= 1;
    setTimeout(() => measurement.waiting > 0 || measurement.end.abort(), GRACE);
  }
}

function begin(ranker: Ranker, corpus: Corpus): Measurement {
  const end = new AbortController();
  const listeners: Measurement["listeners"] = new Set();
  const onProgress = (done: number, total: number): void => listeners.forEach((tell) => tell(done, total));
  const measurement = { result: measureCosts(ranker, corpus, { signal: end.signal, onProgress }), end, listeners, waiting: 0 };
  measurements.set(ranker, measurement);
  // What failed or was given up is measured afresh by whoever asks next. What is done doesn't hear the signal any more.
  measurement.result.catch(() => measurements.get(ranker) === measurement && measurements.delete(ranker));
  return measurement;
}

/** Measures the costs of a ranker that has the library indexed. */
export async function measureCosts(ranker: Ranker, corpus: Corpus, { signal, onProgress }: CostOptions = {}): Promise<Costs> {
  await untilReady(ranker, signal);
  const { queries, passages } = corpus;
  const batch = ranker.info().gpu.state === "ready" ? BATCH.gpu : BATCH.cpu;
  const total = queries.length + 2 * LENGTHS.reduce((sum, words) => sum + triesOf(words), 0);
  let done = 0;
  const step = (): void => onProgress?.((done += 1), total);

  const asked: { embed: number; retrieve: number }[] = [];
  for (const { text } of queries) {
    asked.push((await ranker.retrieve(text, { pool: 1, signal })).timings);
    step();
  }
  const allWords = passages.flatMap(({ text }) => text.split(/\s+/));
  const lengths: LengthCost[] = [];
  let { device } = ranker.info();
  for (const words of LENGTHS) {
    const [embed, read]: [number[], number[]] = [[], []];
    for (let attempt = 0; attempt < triesOf(words); attempt += 1) {
      const texts = cutOut(allWords, words, batch, attempt * batch);
      const start = performance.now();
      await ranker.embed(texts, { kind: "document", signal });
      embed.push((performance.now() - start) / texts.length);
      step();
      const reading = await readAfresh(ranker, corpus, texts, signal);
      read.push(reading.milliseconds / texts.length);
      device = reading.device;
      step();
    }
    lengths.push({ words, embed: rounded(percentiles(embed)?.p50), read: rounded(percentiles(read)?.p50) });
  }
  const { biEncoder, crossEncoder, workers } = ranker.info();
  return {
    question: rounded(percentiles(asked.map(({ embed }) => embed))?.p50),
    questions: asked.length,
    compare: rounded(mean(undisturbed(asked.map(({ retrieve }) => retrieve))) / passages.length),
    vectors: passages.length,
    width: biEncoder?.width ?? 0,
    lengths,
    batch,
    workers,
    device,
    biEncoder: biEncoder?.id ?? "",
    crossEncoder: crossEncoder.id,
  };
}

const rounded = (value: number | undefined): number => significant(value ?? 0, 3);

/** Waits until all workers are there and the GPU has been tried, as either would be in the way. */
export async function untilReady(ranker: Ranker, signal: AbortSignal | undefined): Promise<void> {
  const end = performance.now() + PATIENCE;
  const ready = (): boolean => {
    const { gpu, workers, workersWanted, workersLost } = ranker.info();
    return gpu.state !== "trying" && workers + workersLost.length >= workersWanted;
  };
  while (!ready() && performance.now() < end) await rest(100, signal);
}

/** The question that is asked next, so that no pair is read twice as long as there are other ones. */
let nextQuestion = 0;

/** Reads texts with a question that has not been asked of all of them before. */
async function readAfresh(ranker: Ranker, { queries }: Corpus, texts: readonly string[], signal: AbortSignal | undefined): Promise<{ milliseconds: number; device: string }> {
  for (let attempt = 0; ; attempt += 1) {
    // A space more makes no token more, but a text that has not been read.
    const round = Math.floor(nextQuestion / queries.length);
    const query = `${queries[nextQuestion % queries.length]?.text ?? ""}${" ".repeat(round)}`;
    nextQuestion += 1;
    const start = performance.now();
    const { scored, device } = await ranker.rerank({ query, documents: texts, signal });
    const milliseconds = performance.now() - start;
    if (scored === texts.length || attempt > queries.length) return { milliseconds, device };
  }
}

/** Runs of so many words of a library, one after another, from the beginning again where it ends. */
export function cutOut(all: readonly string[], words: number, count: number, first: number): string[] {
  const runs = Math.max(1, Math.floor(all.length / words));
  return Array.from({ length: count }, (_, i) => {
    const start = ((first + i) % runs) * words;
    return all.slice(start, start + words).join(" ");
  });
}

/** What was measured without an interruption. Browsers round their clocks: the mean of many is right where each is not. */
export function undisturbed(milliseconds: readonly number[]): number[] {
  const most = Math.max(INTERRUPTED.milliseconds, INTERRUPTED.times * (percentiles(milliseconds)?.p50 ?? 0));
  return milliseconds.filter((value) => value <= most);
}

/** What a passage of so many words costs, between the lengths that were measured. */
export function costAt(lengths: readonly LengthCost[], words: number, what: "embed" | "read"): number {
  const after = lengths.findIndex((length) => length.words >= words);
  const [a, b] = after <= 0 ? [lengths[0], lengths[1]] : [lengths[after - 1], lengths[after]];
  const last = lengths.at(-1);
  if (after < 0 && last !== undefined) return last[what];
  if (a === undefined) return 0;
  if (b === undefined || words <= a.words) return a[what];
  return a[what] + ((words - a.words) / (b.words - a.words)) * (b[what] - a[what]);
}
