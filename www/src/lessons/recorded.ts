/** A run that was recorded, so that there is something true to see before the models are there. */

/** A recorded run: a file `lessons/recorded/<lesson>.<exhibit>.json`, made by `tools/record.mjs`. */
export interface Recorded {
  /** The day, as in 2026-11-21. */
  readonly made: string;
  /** Version of the engine. */
  readonly version: string;
  /** Build of the engine. */
  readonly build: string;
  /** What computed, as in "cpu (simd128, int16)". */
  readonly device: string;
  /** SHA-256 of the files of all models that took part, by id. */
  readonly models: Readonly<Record<string, string>>;
  /** SHA-256 of passages.jsonl and of queries.jsonl, which every exhibit may read. */
  readonly corpus: { readonly passages: string; readonly queries: string };
  /** What the exhibit computes at its start. */
  readonly input: unknown;
  /** What it found. */
  readonly data: unknown;
}

/** What a recorded run is held against. */
export interface Present {
  readonly input: unknown;
  readonly corpus: Recorded["corpus"];
  /** Known SHA-256 by model id. */
  readonly models: ReadonlyMap<string, string | null>;
}

/** Why a recorded run isn't one of the present input, corpus and models any more; undefined if it is. */
export function outdated(recorded: Recorded, { input, corpus, models }: Present): string | undefined {
  if (!same(recorded.input, input)) return "the exhibit asks something else now";
  if (recorded.corpus.passages !== corpus.passages) return "corpus/passages.jsonl has changed";
  if (recorded.corpus.queries !== corpus.queries) return "corpus/queries.jsonl has changed";
  const changed = Object.entries(recorded.models).find(([id, sha256]) => models.get(id) !== sha256);
  return changed === undefined ? undefined : `the model ${changed[0]} has changed`;
}

/** Whether two values are the same as JSON, whatever the order of keys. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
