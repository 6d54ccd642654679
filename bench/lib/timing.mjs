// Rounds: everybody runs the same workload in turn, so that whatever else the machine does hits all alike.

import { once } from "./contenders.mjs";
import { median, p95, round } from "./statistics.mjs";

/** @typedef {import("./contenders.mjs").Contender} Contender */
/** @typedef {import("./contenders.mjs").Workload} Workload */

const BATCHES = [1, 8, 50];

/**
 * Runs the entries in turn, once for warming up and then `rounds` times; their times in milliseconds.
 *
 * @param {readonly { contender: Contender, batch: number }[]} entries
 * @param {Workload} load
 * @param {number} rounds
 */
export async function alternate(entries, load, rounds) {
  /** @type {number[][]} */
  const times = entries.map(() => []);
  for (let i = 0; i <= rounds; i++) {
    for (const [j, { contender, batch }] of entries.entries()) {
      await new Promise((resolve) => setTimeout(resolve, 200)); // threads of whoever ran before may still be spinning
      const { ms } = await once(contender, load, batch);
      if (i > 0) times[j]?.push(round(ms, 1));
    }
  }
  return times;
}

/**
 * Measures all workloads. transformers.js takes part with each of its batch sizes, and the one with the least median is
 * marked as its best.
 *
 * @param {readonly Contender[]} contenders
 * @param {Readonly<Record<string, Workload>>} workloads
 * @param {number} rounds
 * @param {(line: string) => void} say
 */
export async function measure(contenders, workloads, rounds, say) {
  const runs = [];
  for (const [workload, load] of Object.entries(workloads)) {
    const taking = contenders.filter(({ kinds }) => kinds.includes(load.kind));
    const entries = taking.flatMap((contender) =>
      // tabrank makes its batches itself.
      (contender.setup.engine === "tabrank" ? [0] : BATCHES).map((batch) => ({ contender, batch })),
    );
    // So that each engine runs between runs of the other, and not all of one at the end of a round.
    entries.sort((a, b) => BATCHES.indexOf(a.batch) - BATCHES.indexOf(b.batch));
    const times = await alternate(entries, load, rounds);
    const rows = entries.map(({ contender, batch }, i) => row(contender, workload, load.kind, batch, times[i] ?? []));
    for (const one of rows) {
      if (one.batch === undefined) continue;
      const same = rows.filter((other) => other.batch !== undefined && other.dtype === one.dtype);
      one.best = one.median_ms === Math.min(...same.map(({ median_ms }) => median_ms));
    }
    say(`${workload}: ${rows.map(({ engine, head, passages, dtype, batch, median_ms }) => `${[engine, head, passages, dtype, batch].filter(Boolean).join(" ")} ${median_ms} ms`).join("; ")}`);
    runs.push(...rows);
  }
  return runs;
}

/**
 * @typedef {{ engine: string, head?: string, dtype: string, workload: string, workers: number, batch?: number, best?: boolean,
 *   passages?: "known", median_ms: number, p95_ms: number, times_ms: number[] }} Run `passages`: whether other queries had been
 *   asked of them before
 */

/** @param {Contender} contender @param {string} workload @param {Workload["kind"]} kind @param {number} batch @param {number[]} times_ms @returns {Run} */
function row({ setup: { engine, dtype, workers }, head, asksAnew }, workload, kind, batch, times_ms) {
  return {
    engine,
    ...(kind === "rerank" ? { head } : {}),
    ...(asksAnew ? { passages: "known" } : {}),
    dtype,
    workload,
    workers,
    ...(batch > 0 ? { batch } : {}),
    median_ms: round(median(times_ms), 1),
    p95_ms: round(p95(times_ms), 1),
    times_ms,
  };
}

/** The rival's best 8-bit run. @param {readonly Run[]} runs @param {string} workload @param {number} workers */
export const bestOf = (runs, workload, workers) =>
  runs.find((run) => run.best && run.dtype === "q8" && run.workload === workload && run.workers === workers);
