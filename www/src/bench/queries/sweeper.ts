/** Runs sweeps in this tab: the first stages with the models in use, then one cross-encoder after the other in a ranker of its own. */

import { load, type Device, type ProgressEvent, type Ranker } from "tabrank";
import { untilReady } from "../../measuring/costs";
import type { Labelled } from "../../measuring/runs";
import { spread } from "../../measuring/spread";
import { pairsLeft, Readings, readOn, runStages, TIMED, type Order, type StageRun, type SweepPlan, type SweepStage } from "../../measuring/sweep";
import type { SweepFound } from "../../measuring/sweep-report";
import { beside } from "../../session";

/** What a sweep is of. */
export interface SweepJob {
  readonly plan: SweepPlan;
  readonly labelled: Labelled;
  /** See {@link SweepFound}. */
  readonly complete: boolean;
  /** With the library indexed. */
  readonly ranker: Ranker;
  readonly device: Device;
}

/** What is told as it goes on. */
export interface SweepHandlers {
  readonly signal: AbortSignal;
  /** Something else is being done from now on. */
  readonly onPhase: (sentence: string) => void;
  /** Steps of the present phase. */
  readonly onProgress: (done: number, total: number, what: "questions" | "pairs") => void;
  readonly onFile: (event: ProgressEvent) => void;
  /** A cross-encoder has read everything. */
  readonly onModel: (found: SweepFound) => Promise<void>;
  /** A cross-encoder could not be had; the sweep goes on with the others. */
  readonly onTrouble: (model: string, error: unknown) => void;
}

/** Keeps what was read from one sweep to the next. */
export class Sweeper {
  readonly #readings = new Map<string, Readings>();
  readonly #runs = new Map<SweepStage, StageRun>();
  /** What the runs and readings are of: see #keep. */
  #of = { passages: undefined as Labelled["passages"] | undefined, questions: "", biEncoder: "", device: "" };
  #found: SweepFound | undefined;

  /** What has been found so far; undefined before any first stage was asked. */
  get found(): SweepFound | undefined {
    return this.#found;
  }

  /**
   * Runs a sweep. What was found before the signal fires stays in `found`.
   *
   * @throws the signal's reason; and what goes wrong with the models in use.
   */
  async run({ plan, labelled, complete, ranker, device }: SweepJob, { signal, onPhase, onProgress, onFile, onModel, onTrouble }: SweepHandlers): Promise<void> {
    this.#keep(labelled, ranker.info().biEncoder?.sha256 ?? "", device);
    const missing = plan.stages.filter((stage) => !this.#runs.has(stage));
    if (missing.length > 0) {
      onPhase("The first stages are asked all questions.");
      const runs = await runStages(ranker, labelled, missing, { signal, onProgress: (done, total) => onProgress(done, total, "questions") });
      for (const [stage, run] of runs) this.#runs.set(stage, run);
    }
    const questions = spread(labelled.queries.length);
    const order: Order = { questions, timed: new Set(questions.slice(0, TIMED)) };
    this.#found = { labelled, plan, complete, runs: new Map(this.#runs), readings: this.#readings };
    for (const model of plan.models) {
      const readings = this.#readings.get(model) ?? new Readings();
      this.#readings.set(model, readings);
      const total = pairsLeft(labelled, this.#runs, readings, plan, order);
      if (total > 0) {
        onPhase(`${model} is loaded, in a ranker of its own.`);
        let reader: Ranker | undefined;
        try {
          reader = await load({ biEncoder: null, crossEncoder: model, modelsUrl: beside("models/"), device, scoreCache: 0, onProgress: onFile, signal });
          await untilReady(reader, signal);
          onPhase(`${model} reads.`);
          onProgress(0, total, "pairs");
          let done = 0;
          await readOn(reader, labelled, this.#runs, readings, plan, order, { signal, onPairs: (pairs) => onProgress((done += pairs), total, "pairs") });
        } catch (error) {
          if (signal.aborted) throw error;
          onTrouble(model, error);
        } finally {
          reader?.dispose();
        }
      }
      await onModel(this.#found);
    }
  }

  /** Forgets what is of another library, other questions or other models. Logits go on being true when only the questions change. */
  #keep({ passages, queries }: Labelled, biEncoder: string, device: string): void {
    const now = { passages, questions: JSON.stringify(queries.map(({ text }) => text)), biEncoder, device };
    const before = this.#of;
    if (before.passages !== now.passages || before.questions !== now.questions || before.biEncoder !== biEncoder) this.#runs.clear();
    if (before.passages !== now.passages || before.device !== device) this.#readings.clear();
    this.#of = now;
  }
}
