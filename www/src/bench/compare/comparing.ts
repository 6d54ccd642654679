/** Running set-ups one after the other, each in a ranker of its own, on the same questions. No page, no DOM. */

import { load, type Build, type Ranker } from "tabrank";
import type { Collection } from "../../collection";
import { indexOf } from "../../embedding";
import { untilReady } from "../../measuring/costs";
import { percentiles } from "../../measuring/runs";
import { beside } from "../../session";
import type { Answer } from "./agreement";
import type { Setup } from "./setups";

/** What is asked of every set-up. */
export interface CompareJob {
  readonly setups: readonly Setup[];
  readonly build: Build;
  readonly collection: Collection;
  readonly questions: readonly string[];
  /** How often each is asked. */
  readonly times: number;
  readonly pool: number;
}

/** Times in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** What a set-up did. */
export interface Measured {
  readonly kind: "measured";
  /** From nothing to all workers ready, the models from the browser's store or the network. */
  readonly ready: number;
  /** Having the library indexed, and whether its vectors had to be made for that. */
  readonly index: number;
  readonly embedded: boolean;
  /** What read the pairs; more than one where the GPU failed in between. */
  readonly devices: readonly string[];
  /** Workers that were there, of those that were asked for. */
  readonly workers: number;
  readonly lost: readonly string[];
  /** Bytes of the engine's memory, after the last search. */
  readonly memory: number;
  /** Milliseconds for each pair: those of a search's reading, shared out. */
  readonly pair: Spread;
  /** Milliseconds from the question to the ranking. */
  readonly query: Spread;
  /** Searches that were timed. */
  readonly searches: number;
  /** To each question, by the first time that it was asked. */
  readonly answers: readonly Answer[];
  readonly crossEncoderSha256: string;
}

/** What came of a set-up. */
export type Outcome =
  | Measured
  /** The device isn't there. */
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** What accompanies a comparison. */
export interface CompareHandlers {
  readonly signal: AbortSignal;
  /** Something else is being done: with which set-up, and what. */
  readonly onPhase: (setup: number, what: string) => void;
  readonly onProgress: (done: number, total: number) => void;
  /** A set-up is done. */
  readonly onOutcome: (setup: number, outcome: Outcome) => void;
}

/** Searches that nobody counts, before those that are timed. */
const WARM_UPS = 2;

/** Runs all set-ups. What goes wrong with one is its outcome. @throws the signal's reason. */
export async function compareSetups(job: CompareJob, handlers: CompareHandlers): Promise<void> {
  const { signal, onOutcome } = handlers;
  for (const [i, setup] of job.setups.entries()) {
    let ranker: Ranker | undefined;
    try {
      handlers.onPhase(i, "The models are loaded.");
      const start = performance.now();
      ranker = await load({
        biEncoder: setup.biEncoder,
        crossEncoder: setup.crossEncoder,
        device: setup.device,
        workers: setup.workers,
        build: job.build,
        modelsUrl: beside("models/"),
        // Known scores would take no time.
        scoreCache: 0,
        onProgress: ({ loaded, total }) => {
          if (loaded !== undefined && total !== undefined && !signal.aborted) handlers.onProgress(loaded, total);
        },
        signal,
      });
      await untilReady(ranker, signal);
      const ready = performance.now() - start;
      const { gpu } = ranker.info();
      if (setup.device === "webgpu" && gpu.state !== "ready") onOutcome(i, { kind: "absent", reason: gpu.reason });
      else onOutcome(i, await measureSetup(ranker, ready, i, job, handlers));
    } catch (error) {
      if (signal.aborted) throw error;
      onOutcome(i, { kind: "failed", reason: error instanceof Error ? error.message : String(error) });
    } finally {
      ranker?.dispose();
    }
  }
}

async function measureSetup(ranker: Ranker, ready: number, setup: number, job: CompareJob, { signal, onPhase, onProgress }: CompareHandlers): Promise<Measured> {
  const { collection, questions, times, pool } = job;
  onPhase(setup, "The library is indexed.");
  const begun = performance.now();
  let embedded = false;
  const documents = collection.corpus.passages.map(({ id, text }) => ({ id, text }));
  const prebuilt = await indexOf(ranker, collection, {
    signal,
    onProgress: (done, total) => {
      embedded = true;
      onProgress(done, total);
    },
  });
  if (prebuilt === undefined) embedded = true;
  await ranker.index(documents, prebuilt === undefined ? { signal, onProgress } : { signal, prebuilt: prebuilt.slice(0) });
  const index = performance.now() - begun;

  onPhase(setup, "Warming up.");
  for (let i = 0; i < WARM_UPS; i += 1) await ranker.search(questions[i % questions.length] ?? "", { pool, topK: pool, signal });
  onPhase(setup, "Searching.");
  const total = times * questions.length;
  const [pairs, queries]: [number[], number[]] = [[], []];
  const devices = new Set<string>();
  const answers: Answer[] = [];
  let done = 0;
  onProgress(0, total);
  for (let round = 0; round < times; round += 1) {
    for (const query of questions) {
      const { reranked, timings, scored, device } = await ranker.search(query, { pool, topK: pool, signal });
      if (scored > 0) pairs.push(timings.rerank / scored);
      queries.push(timings.total);
      devices.add(device);
      if (round === 0) answers.push({ query, ranking: reranked.map(({ id, logit }) => ({ id, logit })) });
      onProgress((done += 1), total);
    }
  }
  const { workers, workersLost, memory, crossEncoder } = ranker.info();
  const nothing: Spread = { p50: 0, p95: 0 };
  return {
    kind: "measured",
    ready,
    index,
    embedded,
    devices: [...devices],
    workers,
    lost: workersLost,
    memory,
    pair: percentiles(pairs) ?? nothing,
    query: percentiles(queries) ?? nothing,
    searches: queries.length,
    answers,
    crossEncoderSha256: crossEncoder.sha256,
  };
}
