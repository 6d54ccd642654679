/** The page's end of the line to one worker: sends calls, matches the replies, aborts. */

import { untilAborted } from "./abort.js";
import { aborted, crashed, DisposedError, fromWire, OutOfMemoryError, WorkerCrashedError, type TabrankError } from "./errors.js";
import type { WorkerLike } from "./platform.js";
import type { Call, CallName, Calls, Reply } from "./protocol.js";
import { Pulse } from "./pulse.js";
import type { GpuInfo } from "./types.js";

/**
 * Seconds without a sign of life after which a worker is taken for dead. The lead now and then computes for long without a break, as
 * when it converts a model, and everything ends with it. A helper breathes all the time, and the others can do its work.
 */
export const patience = { lead: 60, helper: 15 };

/** What accompanies a call. */
export interface SendOptions<K extends CallName> {
  onProgress?: ((progress: Calls[K]["progress"]) => void) | undefined;
  /** Runs when the worker has done its part, even if the caller has aborted meanwhile and gets nothing. */
  onResult?: (result: Calls[K]["result"]) => void;
  /** Parts of the parameters that are moved to the worker instead of copied. */
  transfer?: Transferable[];
}

/** What accompanies a call that lets go of its caller. */
export interface CallOptions<K extends CallName> extends SendOptions<K> {
  signal?: AbortSignal | undefined;
}

/** A call on its way. */
export interface Sent<K extends CallName> {
  /** The worker's answer, also to an aborted call. */
  reply: Promise<Calls[K]["result"]>;
  /** Asks the worker to stop. It answers when it has. */
  abort(): void;
}

interface Pending {
  // The map holds calls of all names; `send` is where the types are tied together.
  progress(progress: unknown): void;
  result(result: unknown): void;
  fail(error: TabrankError): void;
}

/** How long a worker that is disposed of may go on with what would be lost, in milliseconds. */
const LAST_WORK = 10_000;

/** A line to one worker. */
export class Channel {
  /** Called after each answer, when the worker may have become idle. */
  onAnswer: (() => void) | undefined;
  /** What the worker last said of the GPU. */
  gpu: GpuInfo | undefined;
  /** Called when that changes. */
  onGpu: ((info: GpuInfo) => void) | undefined;
  /** Called once, when the worker is of no use any more. */
  onClose: ((error: TabrankError) => void) | undefined;
  readonly #worker: WorkerLike;
  readonly #pending = new Map<number, Pending>();
  readonly #pulse: Pulse;
  #nextId = 1;
  #memory = 0;
  #closed: TabrankError | undefined;
  #lingering = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(worker: WorkerLike, seconds = patience.lead) {
    this.#worker = worker;
    this.#pulse = new Pulse(
      seconds,
      () => worker.postMessage({ type: "ping" }, []),
      () => this.#close(new WorkerCrashedError(crashed(`no sign of life for ${seconds} seconds`))),
    );
    worker.addEventListener("message", (event) => this.#receive((event as MessageEvent<Reply>).data));
    worker.addEventListener("messageerror", () => this.#close(new WorkerCrashedError(crashed("unreadable message"))));
    worker.addEventListener("error", (event) => {
      const { message } = event as Partial<ErrorEvent>;
      // A script that couldn't be fetched or parsed gives an event without a message.
      const reason = message
        ? crashed(message)
        : "The worker's script could not be started. Check that worker.js is served from the page's own origin as " +
          "JavaScript, that the Content-Security-Policy allows it (script-src 'self' 'wasm-unsafe-eval'; worker-src " +
          "'self'), and that the browser knows module workers (Chrome and Edge 80, Firefox 114, Safari 15).";
      this.#close(new WorkerCrashedError(reason));
    });
  }

  /** The error that all calls get from now on; absent while the worker works. */
  get closed(): TabrankError | undefined {
    return this.#closed;
  }

  /** Calls that the worker hasn't answered yet, aborted ones included. */
  get unanswered(): number {
    return this.#pending.size;
  }

  /** Bytes of the worker's engine as of its last answer; 0 once it is ended. */
  get memory(): number {
    return this.#closed ? 0 : this.#memory;
  }

  /** Asks the worker for something. The caller is let go of at once if the signal fires. */
  call<K extends CallName>(
    name: K,
    params: Calls[K]["params"],
    { signal, onProgress, ...options }: CallOptions<K> = {},
  ): Promise<Calls[K]["result"]> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(aborted(signal));
    const { reply, abort } = this.send(name, params, {
      ...options,
      onProgress: (progress) => {
        if (!signal?.aborted) onProgress?.(progress);
      },
    });
    return untilAborted(reply, signal, abort);
  }

  /** Asks the worker for something. */
  send<K extends CallName>(
    name: K,
    params: Calls[K]["params"],
    { onProgress, onResult, transfer = [] }: SendOptions<K> = {},
  ): Sent<K> {
    const id = this.#nextId++;
    const reply = new Promise<Calls[K]["result"]>((resolve, reject) => {
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      this.#pending.set(id, {
        progress: (progress) => onProgress?.(progress as Calls[K]["progress"]),
        result: (result) => {
          try {
            onResult?.(result as Calls[K]["result"]);
            resolve(result as Calls[K]["result"]);
          } catch (error) {
            reject(error);
          }
        },
        fail: reject,
      });
      try {
        this.#worker.postMessage({ type: "call", id, name, params } as Call, transfer);
        this.#pulse.start();
      } catch (error) {
        this.#pending.delete(id);
        reject(error);
      }
    });
    const abort = () => {
      if (this.#pending.has(id)) this.#worker.postMessage({ type: "abort", id }, []);
    };
    return { reply, abort };
  }

  /** Ends the worker, which may still write down what it has begun to; what is under way is rejected. */
  dispose(): void {
    this.#close(new DisposedError("This ranker or evaluator was disposed of. Load or open a new one."));
  }

  #receive(reply: Reply): void {
    this.#pulse.heard();
    if (reply.type === "pong") return;
    if (reply.type === "crash") {
      this.#close(fromWire(reply.error));
      return;
    }
    if (reply.type === "lingering") {
      this.#lingering = reply.on;
      if (this.#closed && !reply.on) this.#terminate();
      return;
    }
    if (reply.type === "gpu") {
      this.gpu = reply.info;
      this.onGpu?.(reply.info);
      return;
    }
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if (reply.type === "progress") {
      pending.progress(reply.progress);
      return;
    }
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#pulse.stop();
    if (reply.type === "result") {
      this.#memory = reply.memory;
      pending.result(reply.result);
    } else {
      const error = fromWire(reply.error);
      pending.fail(error);
      // After a trap the engine's memory is in an unknown state: no further answer could be trusted. Without memory there is none.
      if (error instanceof WorkerCrashedError || error instanceof OutOfMemoryError) this.#close(error);
    }
    this.onAnswer?.();
  }

  #terminate(): void {
    clearTimeout(this.#deadline);
    this.#worker.terminate();
  }

  #close(error: TabrankError): void {
    const first = this.#closed === undefined;
    const disposed = error instanceof DisposedError;
    this.#pulse.stop();
    if (first || disposed) this.#closed = error;
    if (!disposed || !this.#lingering) {
      this.#terminate();
    } else if (first) {
      for (const id of this.#pending.keys()) this.#worker.postMessage({ type: "abort", id }, []);
      this.#deadline = setTimeout(() => this.#terminate(), LAST_WORK);
    }
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of pending) fail(error);
    if (first) this.onClose?.(error);
  }
}
