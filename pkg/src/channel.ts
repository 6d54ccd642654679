/** The page's end of the line to the worker: sends calls, matches the replies, aborts. */

import { aborted, DisposedError, fromWire, WorkerCrashedError, crashed, type TabrankError } from "./errors.js";
import type { Call, CallName, Calls, Reply, Request } from "./protocol.js";

/** As much of a `Worker` as is used. */
export interface WorkerLike {
  postMessage(message: Request): void;
  addEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
  terminate(): void;
}

/** What accompanies a call. */
export interface CallOptions<K extends CallName> {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Calls[K]["progress"]) => void) | undefined;
  /** Runs when the worker has done its part, even if the caller has aborted meanwhile and gets nothing. */
  onResult?: (result: Calls[K]["result"]) => void;
}

interface Pending {
  // The map holds calls of all names; `call` is where the types are tied together.
  progress(progress: unknown): void;
  result(result: unknown): void;
  fail(error: TabrankError): void;
}

/** A line to one worker. */
export class Channel {
  readonly #worker: WorkerLike;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #closed: TabrankError | undefined;

  constructor(worker: WorkerLike) {
    this.#worker = worker;
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

  /** Asks the worker for something. */
  call<K extends CallName>(
    name: K,
    params: Calls[K]["params"],
    { signal, onProgress, onResult }: CallOptions<K> = {},
  ): Promise<Calls[K]["result"]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      if (signal?.aborted) {
        reject(aborted(signal));
        return;
      }
      const id = this.#nextId++;
      let waiting = true;
      const settle = () => {
        waiting = false;
        signal?.removeEventListener("abort", abort);
      };
      // The worker may be in the middle of a batch: the caller isn't made to wait for it.
      const abort = () => {
        settle();
        this.#worker.postMessage({ type: "abort", id });
        if (signal) reject(aborted(signal));
      };
      this.#pending.set(id, {
        progress: (progress) => {
          if (waiting) onProgress?.(progress as Calls[K]["progress"]);
        },
        result: (result) => {
          settle();
          try {
            onResult?.(result as Calls[K]["result"]);
            resolve(result as Calls[K]["result"]);
          } catch (error) {
            reject(error);
          }
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener("abort", abort);
      try {
        this.#worker.postMessage({ type: "call", id, name, params } as Call);
      } catch (error) {
        this.#pending.delete(id);
        settle();
        reject(error);
      }
    });
  }

  /** Ends the worker; what is under way is rejected. */
  dispose(): void {
    this.#close(new DisposedError("This ranker was disposed of. Load a new one."));
  }

  #receive(reply: Reply): void {
    if (reply.type === "crash") {
      this.#close(fromWire(reply.error));
      return;
    }
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if (reply.type === "progress") {
      pending.progress(reply.progress);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.type === "result") {
      pending.result(reply.result);
      return;
    }
    const error = fromWire(reply.error);
    pending.fail(error);
    // After a trap the engine's memory is in an unknown state: no further answer could be trusted.
    if (error instanceof WorkerCrashedError) this.#close(error);
  }

  #close(error: TabrankError): void {
    if (this.#closed && !(error instanceof DisposedError)) return;
    this.#closed = error;
    this.#worker.terminate();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of pending) fail(error);
  }
}
