/** Formats of files, by the endings of their names. Apart from their reading, so that a page can name them without it. */

/** What can be read. `csv` has any separator, `json` is an array or JSON Lines. */
export type Format = "text" | "markdown" | "csv" | "json";

/** Name of text that was pasted, where a file has its own. */
export const PASTED = "Pasted text";

/** Endings of files, for the file picker. */
export const ENDINGS: Readonly<Record<Format, readonly string[]>> = {
  text: [".txt", ".text", ".log"],
  markdown: [".md", ".markdown", ".mdown", ".mkd"],
  csv: [".csv", ".tsv", ".tab"],
  json: [".jsonl", ".ndjson", ".jl", ".json"],
};
