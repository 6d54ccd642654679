/** A thread as a worker. It keeps the program alive only while something is asked of it. */

import { Worker } from "node:worker_threads";
import type { WorkerLike } from "../platform.js";
import type { Reply } from "../protocol.js";

/** Listeners by what they want to hear. */
type Listeners = Record<"message" | "messageerror" | "error", ((event: Event) => void)[]>;

/** Starts a thread. */
export function startThread(): WorkerLike {
  const thread = new Worker(new URL("./worker.js", import.meta.url), { name: "tabrank" });
  const listeners: Listeners = { message: [], messageerror: [], error: [] };
  const tell = (type: keyof Listeners, event: object) => {
    for (const listener of listeners[type]) listener(event as Event);
  };
  let asked = 0;
  const settle = (change: number) => {
    asked += change;
    if (asked > 0) thread.ref();
    else thread.unref();
  };
  settle(0);
  thread.on("message", (data: Reply) => {
    if (data.type === "result" || data.type === "error") settle(-1);
    // Models are still being written down.
    if (data.type === "lingering") settle(data.on ? 1 : -1);
    tell("message", { data });
  });
  thread.on("messageerror", () => tell("messageerror", {}));
  thread.on("error", ({ message }: Error) => tell("error", { message }));
  return {
    postMessage(message, transfer) {
      thread.postMessage(message, transfer as never);
      if (message.type === "call") settle(1);
    },
    addEventListener: (type, listener) => listeners[type].push(listener),
    terminate: () => thread.terminate(),
  };
}
