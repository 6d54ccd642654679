/** The workers of one ranker: a lead, which holds both models and the index, and helpers, which only score. */

import { untilAborted } from "./abort.js";
import { Channel, patience } from "./channel.js";
import { onGpu } from "./device.js";
import { DisposedError, GpuFailedError, InternalError, OutOfMemoryError, TabrankError, WorkerCrashedError } from "./errors.js";
import type { Job } from "./job.js";
import type { WorkerLike } from "./platform.js";
import type { JoinParams, Score } from "./protocol.js";
import type { GpuInfo } from "./types.js";

/** Workers, and the job that they share. */
export class Crew {
  /** The worker for everything but scoring. Without it the ranker is of no use. */
  readonly lead: Channel;
  /** Workers asked for, the lead included. */
  readonly wanted: number;
  readonly #starting = new Set<Channel>();
  readonly #helpers = new Set<Channel>();
  readonly #lost: string[] = [];
  #job: Job | undefined;

  constructor(lead: Channel, wanted = 1) {
    this.lead = lead;
    this.wanted = wanted;
    lead.onAnswer = () => this.#deal();
    lead.onClose = (error) => {
      this.#job?.fail(error);
      this.#endHelpers();
    };
  }

  /** The error that everything gets from now on; absent while the lead works. */
  get closed(): TabrankError | undefined {
    return this.lead.closed;
  }

  /** Workers that are ready to score. */
  get ready(): number {
    return this.closed ? 0 : 1 + this.#helpers.size;
  }

  /** Workers that are ready or may yet be. */
  get hoped(): number {
    return this.wanted - this.#lost.length;
  }

  /** Why helpers could not be started or were lost. */
  get lost(): readonly string[] {
    return this.#lost;
  }

  /** What is known of the GPU. */
  get gpu(): GpuInfo {
    return this.lead.gpu ?? { state: "trying", reason: "it has not been tried yet" };
  }

  /** Whether so many tokens are to be computed on the GPU. */
  onGpu(tokens: number): boolean {
    return onGpu(this.lead.gpu, tokens, Math.max(1, this.ready));
  }

  /** Bytes of all engines. */
  get memory(): number {
    return [this.lead, ...this.#helpers].reduce((sum, { memory }) => sum + memory, 0);
  }

  /** Starts a helper, which takes part as soon as it is ready. Never rejects: if it can't be had, the others do its work. */
  async hire(makeWorker: () => WorkerLike, params: JoinParams): Promise<void> {
    if (this.closed) return;
    let helper: Channel;
    try {
      helper = new Channel(makeWorker(), patience.helper);
    } catch (error) {
      this.#lost.push(reasonOf(error));
      return;
    }
    this.#starting.add(helper);
    helper.onClose = (error) => this.#lose(helper, error);
    helper.onAnswer = () => this.#deal();
    try {
      await helper.call("join", params, { transfer: [params.model] });
    } catch (error) {
      this.#lose(helper, error);
      return;
    }
    if (this.#starting.delete(helper)) this.#helpers.add(helper);
    this.#deal();
  }

  /** Has a job done by all workers. One at a time: the next may begin when this has settled. */
  async score(job: Job, signal: AbortSignal | undefined): Promise<Score[]> {
    if (this.closed) throw this.closed;
    this.#job = job;
    this.#deal();
    try {
      return await untilAborted(job.outcome, signal);
    } finally {
      this.#job = undefined;
      job.withdraw();
    }
  }

  /** Ends all workers; what is under way is rejected. */
  dispose(): void {
    this.lead.dispose();
    this.#endHelpers();
  }

  /**
   * Gives parcels to idle workers. While there are plenty, a worker gets its next one before it has done the last, so
   * that it needn't wait for the page; towards the end one at a time, so that nobody sits on work that another could do.
   */
  #deal(): void {
    const job = this.#job;
    if (!job || this.closed) return;
    const workers = job.onGpu ? [this.lead] : [this.lead, ...this.#helpers];
    while (job.waiting > 0) {
      const most = job.waiting > workers.length ? 2 : 1;
      const idlest = workers.reduce((best, one) => (one.unanswered < best.unanswered ? one : best));
      // Also a worker that hasn't yet stopped with what was aborted isn't idle.
      if (idlest.unanswered >= most) return;
      void this.#give(job, idlest);
    }
  }

  async #give(job: Job, worker: Channel): Promise<void> {
    const parcel = job.take();
    if (!parcel) return;
    const params = { query: job.query, passages: job.passagesOf(parcel), gpu: job.onGpu, afresh: job.afresh };
    const { reply, abort } = worker.send("score", params, { onProgress: ({ done }) => job.progress(parcel, done) });
    job.begin(parcel, abort);
    try {
      job.finish(parcel, await reply);
    } catch (error) {
      if (error instanceof GpuFailedError) {
        job.toCpu();
        this.#deal();
        return;
      }
      // What is wrong with the request, any worker would say. What is wrong with a helper, others can make good.
      if (worker === this.lead || !isFault(error)) {
        job.fail(error);
        return;
      }
      job.putBack(parcel);
      this.#lose(worker, error);
      this.#deal();
    }
  }

  #lose(helper: Channel, error: unknown): void {
    const known = this.#starting.delete(helper) || this.#helpers.delete(helper);
    if (!known) return;
    this.#lost.push(reasonOf(error));
    helper.dispose();
  }

  #endHelpers(): void {
    const helpers = [...this.#starting, ...this.#helpers];
    this.#starting.clear();
    this.#helpers.clear();
    for (const helper of helpers) helper.dispose();
  }
}

/** Whether it is the worker that failed, and not what it was asked. A helper is disposed of when it has failed once. */
function isFault(error: unknown): boolean {
  const faults = [WorkerCrashedError, OutOfMemoryError, InternalError, DisposedError];
  return !(error instanceof TabrankError) || faults.some((fault) => error instanceof fault);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
