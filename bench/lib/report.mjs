// The result for people, and the ratios in it.

import { bestOf } from "./timing.mjs";
import { round } from "./statistics.mjs";

/** @typedef {import("./timing.mjs").Run} Run */

/** The head of a cross-encoder that the rival doesn't run; undefined for all other runs. @param {Run} run */
const ownHead = ({ head }) => (head === "classifier" ? undefined : head);

/**
 * How many times as fast tabrank is: the rival's median over ours, 8-bit weights and the same classifier on both sides.
 *
 * @param {readonly Run[]} runs
 */
export function ratios(runs) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const run of runs) {
    if (run.engine !== "tabrank" || ownHead(run) !== undefined) continue;
    const rival = bestOf(runs, run.workload, run.workers);
    if (rival !== undefined) found[`${run.workload}_${run.workers}`] = round(rival.median_ms / run.median_ms, 3);
  }
  return found;
}

/** Rows as aligned columns; the first two to the left. @param {readonly (readonly (string | number)[])[]} rows */
export function columns(rows) {
  const texts = rows.map((row) => row.map(String));
  const widths = texts[0]?.map((_, i) => Math.max(...texts.map((row) => row[i]?.length ?? 0))) ?? [];
  const line = (/** @type {string[]} */ row) => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ").trimEnd();
  return texts.map(line).join("\n");
}

/** @param {any} result what is written as JSON */
export function table(result) {
  const mib = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  const parts = [
    columns([
      ["workload", "engine", "weights", "workers", "batch", "median ms", "p95 ms"],
      ...result.runs.map((/** @type {Run} */ run) => [
        run.workload,
        ownHead(run) === undefined ? run.engine : `${run.engine} (${[run.head, run.passages].filter(Boolean).join(", passages ")})`,
        run.dtype,
        run.workers,
        run.batch === undefined ? "own" : `${run.best ? "best: " : ""}${run.batch}`,
        run.median_ms,
        run.p95_ms,
      ]),
    ]),
    columns([
      ["times as fast as transformers.js q8", "", "ratio"],
      ...Object.entries(result.ratios).map(([name, ratio]) => [name, "", Number(ratio).toFixed(2)]),
    ]),
    columns([
      ["8-bit logits against fp32", "engine", "max, alone", "mean", "tau", "max, in 50", "mean", "tau", "moved by the batch"],
      ...result.accuracy.logits.map((/** @type {any} */ row) => [
        row.workload,
        row.engine,
        row.alone.max,
        row.alone.mean,
        row.alone.kendall_tau,
        row.together.max,
        row.together.mean,
        row.together.kendall_tau,
        row.moved_by_batch.pairs === 0 ? "not at all" : `${row.moved_by_batch.pairs} pairs, by up to ${row.moved_by_batch.max.toFixed(3)}`,
      ]),
    ]),
    columns([
      ["8-bit vectors against fp32", "engine", "batch", "mean cosine", "least"],
      ...result.accuracy.vectors.map((/** @type {any} */ row) => ["embed", row.engine, row.batch || "own", row.mean_cosine, row.least_cosine]),
    ]),
    columns([
      ["to start", "", "ready ms", "engine MB", "brotli", "models MB"],
      ...Object.keys(result.ready_ms).map((name) => {
        const { engine_raw, engine_brotli, models } = result.bytes[name];
        return [name, "", result.ready_ms[name].median, mib(engine_raw), mib(engine_brotli), mib(models)];
      }),
    ]),
    columns([
      ["memory", "", "peak MiB of the renderer"],
      ...Object.entries(result.memory.peak).map(([name, peak]) => [name, "", peak.renderer_peak_mib ?? "unknown"]),
    ]),
  ];
  if (result.memory.over_queries !== undefined) {
    parts.push(
      columns([
        ["memory over queries", "", "renderer MiB", "page heap MiB"],
        ...result.memory.over_queries.map((/** @type {any} */ row) => [row.queries, "", row.renderer_mib ?? "unknown", row.page_heap_mib]),
      ]),
    );
  }
  return `${parts.join("\n\n")}\n`;
}
