/** What first stages are called, and how their lines look. */

import type { FirstStage } from "../../../measuring/first-stages";

/** Names and looks; the dashes tell the lines apart without colour. */
export const STAGES: Readonly<Record<FirstStage, { readonly name: string; readonly short: string; readonly what: string; readonly by: string; readonly colour: string; readonly dashes?: string }>> = {
  bm25: { name: "BM25", short: "BM25", what: "words", by: "BM25", colour: "var(--fallen)", dashes: "7 3" },
  dense: { name: "bi-encoder", short: "bi-encoder", what: "vectors", by: "the bi-encoder", colour: "var(--scout)" },
  rrf: { name: "rank fusion", short: "RRF", what: "ranks of both", by: "rank fusion", colour: "var(--risen)", dashes: "2 3" },
  sum: { name: "weighted sum", short: "weighted", what: "scores of both", by: "the weighted sum", colour: "var(--ink)" },
};
