// Who is measured: an engine with one model and one number of threads or workers, loaded in a page.

import { open } from "./browser.mjs";

/** @typedef {import("../page/engine.ts").Setup} Setup */
/** @typedef {{ kind: "rerank", query: string, texts: string[], tokens: number[] } | { kind: "embed", texts: string[], tokens: number[] }} Workload */
/**
 * @typedef {{ page: import("playwright-core").Page, key: string, setup: Setup, head: "classifier" | "gated-late-interaction", kinds: Workload["kind"][],
 *   asksAnew: boolean }} Contender `asksAnew`: each time it is another query, for the same passages */

export const CLASSIFIER = "bench-classifier";
const BI_ENCODER = "all-MiniLM-L6-v2";
const OWN = "tabrank-minilm-l6";

/** The same classifier in floats, for tabrank, which computes with what is in the file. */
const CLASSIFIER_F32 = "bench-classifier-f32";

/** @param {number} workers @param {Setup["device"]} [device] @param {Setup["dtype"]} [dtype] @returns {Setup} */
export const ours = (workers, device = "cpu", dtype = "q8") => ({
  engine: "tabrank",
  crossEncoder: dtype === "fp32" ? CLASSIFIER_F32 : CLASSIFIER,
  biEncoder: BI_ENCODER,
  workers,
  device,
  dtype,
  runtime: "",
  scoreCache: 0, // the rounds repeat themselves, and reading a kept score is not what is measured
});

/** @param {number} workers @param {string} runtime @param {Setup["dtype"]} [dtype] @param {Setup["device"]} [device] @returns {Setup} */
export const theirs = (workers, runtime, dtype = "q8", device = "cpu") => ({
  engine: "transformers.js",
  crossEncoder: CLASSIFIER,
  biEncoder: BI_ENCODER,
  workers,
  device,
  dtype,
  runtime,
});

/**
 * Loads an engine into a page.
 *
 * @param {import("playwright-core").Page} page
 * @param {Setup} setup
 * @returns {Promise<Contender>}
 */
export async function enter(page, setup) {
  const key = JSON.stringify(setup);
  await page.evaluate(([k, s]) => window.bench.load(k, s), /** @type {const} */ ([key, setup]));
  return { page, key, setup, head: "classifier", kinds: ["rerank", "embed"], asksAnew: false };
}

/**
 * tabrank with its own cross-encoder. With `asksAnew` it may keep what it keeps by default of the passages it has read, but for
 * the score of one pair.
 *
 * @param {import("playwright-core").Page} page @param {number} workers @param {boolean} [asksAnew] @returns {Promise<Contender>}
 */
export async function enterOwn(page, workers, asksAnew = false) {
  const contender = await enter(page, { ...ours(workers), crossEncoder: OWN, scoreCache: asksAnew ? 1 : 0 });
  return { ...contender, head: "gated-late-interaction", kinds: ["rerank"], asksAnew };
}

/** Queries asked so far. */
let asked = 0;

/** Another query of the same words. @param {string} query */
function another(query) {
  const words = query.split(" ");
  const first = ++asked % words.length;
  return [...words.slice(first), ...words.slice(0, first)].join(" ");
}

/** @param {Contender} contender */
export const leave = ({ page, key }) => page.evaluate((k) => window.bench.dispose(k), key);

/**
 * One run of a workload: milliseconds in the page, and the logits, or the vectors if they are to be kept.
 *
 * @param {Contender} contender
 * @param {Workload} load
 * @param {number} batch
 * @param {boolean} keep
 * @returns {Promise<{ ms: number, logits: number[], vectors: number[][] }>}
 */
export async function once({ page, key, asksAnew }, load, batch, keep = false) {
  if (load.kind === "rerank") {
    const query = asksAnew ? another(load.query) : load.query;
    const { ms, result } = await page.evaluate(
      ([k, query, texts, size]) => window.bench.rerank(k, query, texts, size),
      /** @type {const} */ ([key, query, load.texts, batch]),
    );
    return { ms, logits: result, vectors: [] };
  }
  const { ms, result } = await page.evaluate(
    ([k, texts, size, all]) => window.bench.embed(k, texts, size, all),
    /** @type {const} */ ([key, load.texts, batch, keep]),
  );
  return { ms, logits: [], vectors: result };
}

/** A page from that server. @param {import("playwright-core").Browser} browser @param {{ url: string }} server */
export const pageOf = (browser, server) => open(browser, server.url);
