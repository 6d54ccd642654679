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
      const { ms } = await once(contender, load, batch);
      if (i > 0) times[j]?.push(round(ms, 1));
    }
  }
  return times;
}

/**
 * Which batch size suits transformers.js best for this workload, by its least time: noise only ever adds.
 *
 * @param {Contender} contender
 * @param {Workload} load
 * @param {number} rounds
 */
export async function bestBatch(contender, load, rounds) {
  const times = await alternate(BATCHES.map((batch) => ({ contender, batch })), load, rounds);
  const least = times.map((some) => Math.min(...some));
  const best = least.indexOf(Math.min(...least));
  return { batch: /** @type {number} */ (BATCHES[best]), tried: BATCHES.map((batch, i) => ({ batch, times_ms: times[i] })) };
}

/**
 * Measures all workloads.
 *
 * @param {readonly Contender[]} contenders
 * @param {Readonly<Record<string, Workload>>} workloads
 * @param {{ rounds: number, tries: number }} effort
 * @param {(line: string) => void} say
 */
export async function measure(contenders, workloads, { rounds, tries }, say) {
  const runs = [];
  const batches = [];
  for (const [workload, load] of Object.entries(workloads)) {
    const entries = [];
    for (const contender of contenders.filter(({ kinds }) => kinds.includes(load.kind))) {
      const { engine, dtype, workers } = contender.setup;
      if (engine === "tabrank") {
        entries.push({ contender, batch: 0 }); // it makes its batches itself
        continue;
      }
      const { batch, tried } = await bestBatch(contender, load, tries);
      batches.push({ workload, workers, dtype, best: batch, tried });
      say(`${workload}: ${engine} ${dtype} on ${workers} is quickest with batches of ${batch}`);
      entries.push({ contender, batch });
    }
    const times = await alternate(entries, load, rounds);
    for (const [i, { contender, batch }] of entries.entries()) {
      const { engine, dtype, workers } = contender.setup;
      const times_ms = times[i] ?? [];
      runs.push({
        engine,
        ...(load.kind === "rerank" ? { head: contender.head } : {}),
        dtype,
        workload,
        workers,
        ...(batch > 0 ? { batch } : {}),
        median_ms: round(median(times_ms), 1),
        p95_ms: round(p95(times_ms), 1),
        times_ms,
      });
    }
  }
  return { runs, batches };
}
