/**
 * What the command drives. With `?ready=SETUP` (JSON) the page loads one engine at once, as a page of its own would, and
 * says how long after the navigation it was ready.
 */

import type { Engine, Setup } from "./engine.ts";

const engines = new Map<string, Engine>();

function engine(key: string): Engine {
  const found = engines.get(key);
  if (found === undefined) throw new Error(`no engine ${key} is loaded`);
  return found;
}

async function start(setup: Setup): Promise<Engine> {
  // Imported when needed, so that neither engine's scripts are loaded for the other.
  if (setup.engine === "tabrank") return (await import("./tabrank.ts")).tabrank(setup);
  return (await import("./rival.ts")).rival(setup);
}

/** Runs `work` and measures it, on this side of the worker. */
async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const from = performance.now();
  const result = await work();
  return { ms: performance.now() - from, result };
}

const bench = {
  async load(key: string, setup: Setup) {
    engines.set(key, await start(setup));
  },
  rerank: (key: string, query: string, texts: string[], batch: number) =>
    timed(() => engine(key).rerank(query, texts, batch)),
  /** `keep`: whether the command wants to have the vectors. */
  async embed(key: string, texts: string[], batch: number, keep: boolean) {
    const { ms, result } = await timed(() => engine(key).embed(texts, batch));
    return { ms, result: keep ? result.map((vector) => Array.from(vector)) : [] };
  },
  tokens: (key: string, query: string | null, texts: string[]) => engine(key).tokens(query, texts),
  info: (key: string) => engine(key).info(),
  dispose(key: string) {
    engines.get(key)?.dispose();
    engines.delete(key);
  },
  /** Milliseconds from navigation to ready, with `?ready`. */
  ready: null as Promise<number> | null,
};

declare global {
  interface Window {
    bench: typeof bench;
  }
}

const wanted = new URL(location.href).searchParams.get("ready");
if (wanted !== null) bench.ready = bench.load("ready", JSON.parse(wanted) as Setup).then(() => performance.now());
window.bench = bench;
