/** Where the logits of answers, near misses and everything else lie, for one cross-encoder or for two; and what a threshold makes of them. */

import type { Manifest, ManifestEntry, Ranker } from "tabrank";
import { markOf, type Mark } from "../../labels";
import { denseRankings, scorePools } from "../../measuring/runs";
import { LIMITS } from "../../state";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { LogitsShowing } from "./logits/showing";

/** What a model is called in an address and in the manifest. */
const MODEL = /^[\w.-]{1,100}$/;

/** What the exhibit is set to. */
export interface LogitsState {
  /** How many candidates of each question are read. */
  readonly pool: number;
  /** A second cross-encoder; null for none. */
  readonly other: string | null;
  /** Of the logit; what is as great passes. */
  readonly threshold: number;
  readonly view: "raw" | "sigmoid";
}

/** What is computed. */
export type LogitsInput = Pick<LogitsState, "pool" | "other">;

/** Logits in ascending order, cut to two digits, by what the labels say of the pair. */
export type LogitsByMark = Readonly<Record<Mark, readonly number[]>>;

/** A cross-encoder and what it says of all pairs. */
export interface ModelLogits {
  readonly model: string;
  readonly logits: LogitsByMark;
}

/** What is found. */
export interface LogitsData {
  /** The cross-encoder in use, and the other one if there is. */
  readonly models: readonly ModelLogits[];
  readonly questions: number;
  /** Passages that answer but that were in no pool, and so were not read. */
  readonly outside: number;
  /** Cross-encoders that a second one can be chosen from. */
  readonly choices: readonly string[];
}

/** The exhibit. */
export const logits: Exhibit<LogitsState, LogitsInput, LogitsData> = {
  start(settings: Settings): LogitsState {
    const pool = settings.number("pool", LIMITS.pool);
    const threshold = settings.number("threshold", { min: -100, max: 100 });
    settings.end();
    return { pool, threshold, other: null, view: "raw" };
  },

  restore(start, kept) {
    const threshold = Number.parseFloat(kept.get("t") ?? "");
    const other = kept.get("m");
    return {
      ...start,
      threshold: Math.abs(threshold) <= 100 ? threshold : start.threshold,
      other: other !== undefined && MODEL.test(other) ? other : null,
      view: kept.get("v") === "sigmoid" ? "sigmoid" : "raw",
    };
  },

  keep({ threshold, other, view }, start) {
    return {
      ...(threshold === start.threshold ? {} : { t: String(threshold) }),
      ...(other === null ? {} : { m: other }),
      ...(view === "raw" ? {} : { v: view }),
    };
  },

  input: ({ pool, other }) => ({ pool, other }),

  compute,

  show: (stage: Stage<LogitsState>) => new LogitsShowing(stage),

  effort: "about a minute",
};

async function compute(lab: Lab, { pool, other }: LogitsInput, { signal, onProgress, ran }: ComputeOptions): Promise<LogitsData> {
  const { corpus, manifest } = lab;
  const ranker = await lab.ranker(signal);
  const own = ranker.info().crossEncoder.id;
  const choices = manifest.models.filter(canBeHad).map(({ id }) => id);
  const second = other === null || other === own ? undefined : await another(lab, other, signal);
  const models = second === undefined ? [ranker] : [ranker, second];
  const total = corpus.queries.length * (models.length + 1);
  const rankings = await denseRankings(ranker, corpus, pool, { signal, onProgress: (done) => onProgress(done, total) });
  const pools = rankings.map(({ documents }) => documents);
  const found: ModelLogits[] = [];
  for (const [i, model] of models.entries()) {
    const read = await scorePools(model, corpus, pools, {
      signal,
      onProgress: (done) => onProgress(corpus.queries.length * (i + 1) + done, total),
      onAnswer: ({ device }) => device !== undefined && ran(device),
    });
    const byMark: Record<Mark, number[]> = { answers: [], "near-miss": [], off: [] };
    corpus.queries.forEach((query, q) => {
      for (const [position, logit] of read[q] ?? []) byMark[markOf(query, corpus.passages[position]?.id ?? "")].push(Number(logit.toFixed(2)));
    });
    for (const list of Object.values(byMark)) list.sort((a, b) => a - b);
    found.push({ model: model.info().crossEncoder.id, logits: byMark });
  }
  const answers = corpus.queries.reduce((sum, query) => sum + Object.keys(query.grades).filter((id) => markOf(query, id) === "answers").length, 0);
  return { models: found, questions: corpus.queries.length, outside: answers - (found[0]?.logits.answers.length ?? 0), choices };
}

function another(lab: Lab, model: string, signal: AbortSignal): Promise<Ranker> {
  if (!crossEncoders(lab.manifest).some(({ id }) => id === model)) throw new Error(`There is no cross-encoder ${model} in the manifest.`);
  return lab.reranker(model, signal);
}

function crossEncoders({ models }: Manifest): ManifestEntry[] {
  return models.filter(({ role }) => role === "cross-encoder");
}

/** Whether a model can be loaded: its file lies on the site, or its origin's files can be verified. */
function canBeHad({ role, sha256, origin }: ManifestEntry): boolean {
  return role === "cross-encoder" && (sha256 !== null || (origin !== undefined && origin.files.every((file) => file.sha256 !== null)));
}
