/** The worker in a thread of Node: gives it what it would find in a browser. */

import { parentPort } from "node:worker_threads";
import { runOn } from "../platform.js";
import { node } from "./platform.js";

if (!parentPort) throw new Error("This is tabrank's worker; import tabrank instead.");
const port = parentPort;
runOn(node);

type Listener = (event: object) => void;

Object.assign(globalThis, {
  self: globalThis,
  postMessage: (message: unknown, transfer: []) => port.postMessage(message, transfer),
  addEventListener(type: string, listener: Listener) {
    if (type === "message") port.on("message", (data: unknown) => listener({ data }));
    if (type === "messageerror") port.on("messageerror", () => listener({}));
    if (type === "unhandledrejection") process.on("unhandledRejection", (reason) => listener({ reason }));
  },
});

// Only now: it looks for these as soon as it is read.
await import("../worker.js");
