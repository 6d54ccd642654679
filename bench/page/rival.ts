/** transformers.js in a worker: this side asks, rival.worker.ts answers. */

import type { Engine, Setup } from "./engine.ts";

export interface Call {
  id: number;
  method: "load" | "rerank" | "embed" | "tokens" | "info";
  params: unknown[];
}

export type Answer = { id: number; result: unknown } | { id: number; error: string };

export async function rival(setup: Setup): Promise<Engine> {
  const worker = new Worker(new URL("./rival.worker.ts", import.meta.url), { type: "module", name: "transformers.js" });
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let last = 0;
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const caller = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) caller?.reject(new Error(data.error));
    else caller?.resolve(data.result);
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(`the rival's worker failed: ${event.message}`));
  };
  const call = <T>(method: Call["method"], ...params: unknown[]) =>
    new Promise<T>((resolve, reject) => {
      waiting.set(++last, { resolve: resolve as (result: unknown) => void, reject });
      worker.postMessage({ id: last, method, params } satisfies Call);
    });
  await call("load", setup, document.baseURI);
  return {
    rerank: (query, texts, batch) => call("rerank", query, texts, batch),
    embed: (texts, batch) => call("embed", texts, batch),
    tokens: (query, texts) => call("tokens", query, texts),
    info: () => call("info"),
    dispose: () => worker.terminate(),
  };
}
