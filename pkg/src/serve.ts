/** A worker's end of the line: takes calls one at a time, in the order in which they came. */

import { AbortError, fullMemory, toWire, type WireError } from "./errors.js";
import type { Call, CallName, Calls, Reply, Request } from "./protocol.js";

/** As much of a worker's global scope, or of a `MessagePort`, as is used. */
export interface Port {
  postMessage(message: Reply, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: Event) => void): void;
}

/** What a handler can do besides computing. */
export interface Context<K extends CallName> {
  /** Fires when the caller has lost interest. */
  signal: AbortSignal;
  /** Tells the caller how far the call is. */
  progress(progress: Calls[K]["progress"]): void;
  /** Lets messages in, and rejects if one of them aborted this call. */
  breathe(): Promise<void>;
  /** Has the page wait for some work, beyond the end of the call, before it ends this worker. */
  outlive(work: Promise<unknown>): void;
  /** Resolves as soon as nothing has been asked for so many milliseconds: for work that shouldn't be in anybody's way. */
  quiet(ms: number): Promise<void>;
  /** Has a part of the result moved to the caller instead of copied. */
  transfer(part: Transferable): void;
}

/** A function for each thing that the worker can be asked for. */
export type Handlers = {
  [K in CallName]: (params: Calls[K]["params"], context: Context<K>) => Promise<Calls[K]["result"]>;
};

/** The engine's memory. */
export interface EngineMemory {
  /** Bytes that it takes up. */
  bytes(): number;
  /** Whether no more can be had. */
  full(): boolean;
}

/** Answers the calls that arrive at `port`. */
export function serve(port: Port, handlers: Handlers, memory: EngineMemory): void {
  const controllers = new Map<number, AbortController>();
  let last: Promise<void> = Promise.resolve();
  let lingering = 0;

  let disturbed = performance.now();

  async function quiet(ms: number): Promise<void> {
    await nextTask();
    for (;;) {
      const left = controllers.size > 0 ? Math.max(ms, 50) : disturbed + ms - performance.now();
      if (left <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }

  function outlive(work: Promise<unknown>): void {
    if (lingering++ === 0) port.postMessage({ type: "lingering", on: true }, []);
    const done = () => {
      if (--lingering === 0) port.postMessage({ type: "lingering", on: false }, []);
    };
    work.then(done, done);
  }

  async function answer<K extends CallName>(call: Call<K>, signal: AbortSignal): Promise<void> {
    const { id, name, params } = call;
    const moved: Transferable[] = [];
    try {
      signal.throwIfAborted();
      const handler: Handlers[K] = handlers[name];
      const result = await handler(params, {
        signal,
        progress: (progress) => port.postMessage({ type: "progress", id, progress }, []),
        transfer: (part) => moved.push(part),
        outlive,
        quiet,
        breathe: async () => {
          await nextTask();
          signal.throwIfAborted();
        },
      });
      port.postMessage({ type: "result", id, result, memory: memory.bytes() }, moved);
    } catch (error) {
      port.postMessage({ type: "error", id, error: causeOf(toWire(error), memory) }, []);
    } finally {
      controllers.delete(id);
      disturbed = performance.now();
    }
  }

  port.addEventListener("message", (event) => {
    const request = (event as MessageEvent<Request>).data;
    if (request.type === "ping") {
      port.postMessage({ type: "pong" }, []);
      return;
    }
    if (request.type === "abort") {
      controllers.get(request.id)?.abort(new AbortError("The operation was aborted."));
      return;
    }
    const controller = new AbortController();
    controllers.set(request.id, controller);
    last = last.then(() => answer(request, controller.signal));
  });
}

/** An engine that gets no memory stops in the same way as one that is broken. */
function causeOf(error: WireError, memory: EngineMemory): WireError {
  return error.code === "worker-crashed" && memory.full() ? fullMemory(error.message) : error;
}

/** Waits until the event loop has gone round once. `setTimeout` would take 4 ms each time once calls are nested. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
