/**
 * Reads files in a worker of its own: what reads Markdown and CSV does so in one go, and some files take long over it.
 * Stopping it ends the worker, whatever it is doing.
 */

import { ReadError, type ReadCode } from "./errors";
import type { UserPassage } from "./library";
import type { Going } from "./pace";
import type { FileReport, Reading, Source } from "./read";

/** What the worker is told. */
export interface Order {
  readonly sources: readonly Source[];
  readonly taken: readonly string[];
}

/** What the worker says. */
export type Answer =
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  | { readonly kind: "passages"; readonly passages: readonly UserPassage[] }
  | { readonly kind: "end"; readonly files: readonly FileReport[]; readonly failures: readonly WireFailure[] }
  | { readonly kind: "broken"; readonly reason: string };

/** A {@link ReadError} on its way. */
export interface WireFailure {
  readonly code: ReadCode;
  readonly file: string;
  readonly message: string;
  readonly line: number | undefined;
}

/** What may be told to {@link readFiles}. */
export interface ReadingOptions extends Going {
  /** Ids in use in the library that the files are read into. */
  readonly taken?: readonly string[] | undefined;
}

/**
 * Reads files and pasted texts into passages. Progress is counted in bytes.
 *
 * @throws the signal's reason; {@link ReadError} where the worker could not do its work. What is wrong with a single file is
 * in {@link Reading.failures}.
 */
export async function readFiles(sources: readonly Source[], { signal, onProgress, taken = [] }: ReadingOptions = {}): Promise<Reading> {
  signal?.throwIfAborted();
  const worker = start();
  const stop = new AbortController();
  try {
    return await new Promise<Reading>((resolve, reject) => {
      const passages: UserPassage[] = [];
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { signal: stop.signal });
      worker.onerror = (event) => {
        event.preventDefault();
        reject(broken(event.message || "its program could not be loaded"));
      };
      worker.onmessageerror = () => reject(broken("its answer could not be understood"));
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        if (data.kind === "progress") onProgress?.(data.done, data.total);
        else if (data.kind === "passages") for (const passage of data.passages) passages.push(passage);
        else if (data.kind === "broken") reject(broken(data.reason));
        else
          resolve({
            passages,
            files: data.files,
            failures: data.failures.map(({ code, file, message, line }) => new ReadError(code, file, message, line)),
          });
      };
      worker.postMessage({ sources, taken } satisfies Order);
    });
  } finally {
    stop.abort();
    worker.terminate();
  }
}

function start(): Worker {
  try {
    return new Worker(new URL("./reading-worker.ts", import.meta.url), { type: "module" });
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
}

function broken(reason: string): ReadError {
  return new ReadError(
    "reader-failed",
    "",
    `The files could not be read: the worker that reads them failed (${reason}). Reload the page and try again, with fewer or smaller files.`,
  );
}
