/**
 * Errors. Each has a `code` that doesn't change with the wording, names the thing at fault, and says what to do.
 * The worker can't hand over instances of classes, so an error crosses the border as a {@link WireError} and is made
 * anew from its code on the other side.
 */

/** What distinguishes the errors for a program. */
export type ErrorCode =
  | "aborted"
  | "bad-input"
  | "bad-manifest"
  | "disposed"
  | "empty-query"
  | "engine-unavailable"
  | "gpu-failed"
  | "index-mismatch"
  | "internal"
  | "missing-pooler"
  | "model-damaged"
  | "model-integrity"
  | "model-unavailable"
  | "not-ready"
  | "out-of-memory"
  | "retriever-failed"
  | "unsupported-browser"
  | "unsupported-model"
  | "worker-crashed"
  | "wrong-role";

/** What all errors of this package have in common. */
export abstract class TabrankError extends Error {
  abstract readonly code: ErrorCode;
}

/** The operation was stopped through its `signal`, whose reason is the `cause`. */
export class AbortError extends TabrankError {
  override readonly name = "AbortError";
  readonly code = "aborted";
}

/** An argument is not what the function takes. */
export class BadInputError extends TabrankError {
  override readonly name = "BadInputError";
  readonly code = "bad-input";
}

/** manifest.json is not JSON, or lacks something. */
export class ManifestError extends TabrankError {
  override readonly name = "ManifestError";
  readonly code = "bad-manifest";
}

/** The ranker or evaluator was disposed of before the operation could end. */
export class DisposedError extends TabrankError {
  override readonly name = "DisposedError";
  readonly code = "disposed";
}

/** A query without a single token. */
export class EmptyQueryError extends TabrankError {
  override readonly name = "EmptyQueryError";
  readonly code = "empty-query";
}

/** The WebAssembly file could not be fetched or compiled. */
export class EngineUnavailableError extends TabrankError {
  override readonly name = "EngineUnavailableError";
  readonly code = "engine-unavailable";
}

/** The GPU can't be used, or no longer. Nobody outside sees this: the CPU takes over. */
export class GpuFailedError extends TabrankError {
  override readonly name = "GpuFailedError";
  readonly code = "gpu-failed";
}

/** A prebuilt index belongs to other documents or to another model. */
export class IndexMismatchError extends TabrankError {
  override readonly name = "IndexMismatchError";
  readonly code = "index-mismatch";
}

/** A fault of this package. */
export class InternalError extends TabrankError {
  override readonly name = "InternalError";
  readonly code = "internal";
}

/** What a file should be and what it is. */
export interface Mismatch {
  /** Name of the file. */
  file: string;
  /** Size or SHA-256 according to the manifest. */
  expected: string;
  /** Size or SHA-256 of what arrived. */
  found: string;
}

/** The bytes of a file are not those that the manifest, the hub or the caller described. They were neither loaded nor kept. */
export class ModelIntegrityError extends TabrankError implements Mismatch {
  override readonly name = "ModelIntegrityError";
  readonly code = "model-integrity";
  readonly file: string;
  readonly expected: string;
  readonly found: string;

  constructor(message: string, mismatch: Mismatch, options?: ErrorOptions) {
    super(message, options);
    this.file = mismatch.file;
    this.expected = mismatch.expected;
    this.found = mismatch.found;
  }
}

/** The engine can't use this model file, although it is the file that the manifest describes. */
export class ModelRefusedError extends TabrankError {
  override readonly name = "ModelRefusedError";
  readonly code: "missing-pooler" | "model-damaged" | "unsupported-model" | "wrong-role";

  constructor(message: string, code: ModelRefusedError["code"], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Where a file was looked for, and the answer. */
export interface Whereabouts {
  url?: string | undefined;
  /** HTTP status, if there was an answer. */
  status?: number | undefined;
  /** The server answered that it has no such file, so that another source may be tried. */
  missing?: boolean | undefined;
}

/** A file can't be had, or can't be verified and so isn't fetched. */
export class ModelUnavailableError extends TabrankError implements Whereabouts {
  override readonly name = "ModelUnavailableError";
  readonly code = "model-unavailable";
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly missing: boolean;

  constructor(message: string, whereabouts: Whereabouts = {}, options?: ErrorOptions) {
    super(message, options);
    this.url = whereabouts.url;
    this.status = whereabouts.status;
    this.missing = whereabouts.missing ?? false;
  }
}

/** Something else has to be done first. */
export class NotReadyError extends TabrankError {
  override readonly name = "NotReadyError";
  readonly code = "not-ready";
}

/** There is not enough memory, for a file or for what is computed. */
export class OutOfMemoryError extends TabrankError {
  override readonly name = "OutOfMemoryError";
  readonly code = "out-of-memory";
}

/** A first stage that isn't ours gave no candidates, or not in the form that they must have. */
export class RetrieverError extends TabrankError {
  override readonly name = "RetrieverError";
  readonly code = "retriever-failed";
}

/** The browser, or the program this runs in, lacks something that can't be done without. */
export class UnsupportedBrowserError extends TabrankError {
  override readonly name = "UnsupportedBrowserError";
  readonly code = "unsupported-browser";
}

/** The first worker, which holds the index, could not be started, or died. The ranker is of no use any more. */
export class WorkerCrashedError extends TabrankError {
  override readonly name = "WorkerCrashedError";
  readonly code = "worker-crashed";
}

/** An error on its way between worker and page. */
export interface WireError {
  code: ErrorCode;
  message: string;
  /** Of {@link ModelIntegrityError}. */
  mismatch?: Mismatch;
  /** Of {@link ModelUnavailableError}. */
  whereabouts?: Whereabouts;
}

const makers: Record<ErrorCode, (wire: WireError) => TabrankError> = {
  aborted: ({ message }) => new AbortError(message),
  "bad-input": ({ message }) => new BadInputError(message),
  "bad-manifest": ({ message }) => new ManifestError(message),
  disposed: ({ message }) => new DisposedError(message),
  "empty-query": ({ message }) => new EmptyQueryError(message),
  "engine-unavailable": ({ message }) => new EngineUnavailableError(message),
  "gpu-failed": ({ message }) => new GpuFailedError(message),
  "index-mismatch": ({ message }) => new IndexMismatchError(message),
  internal: ({ message }) => new InternalError(message),
  "missing-pooler": ({ message }) => new ModelRefusedError(message, "missing-pooler"),
  "model-damaged": ({ message }) => new ModelRefusedError(message, "model-damaged"),
  "model-integrity": ({ message, mismatch }) =>
    new ModelIntegrityError(message, mismatch ?? { file: "", expected: "", found: "" }),
  "model-unavailable": ({ message, whereabouts }) => new ModelUnavailableError(message, whereabouts),
  "not-ready": ({ message }) => new NotReadyError(message),
  "out-of-memory": ({ message }) => new OutOfMemoryError(message),
  "retriever-failed": ({ message }) => new RetrieverError(message),
  "unsupported-browser": ({ message }) => new UnsupportedBrowserError(message),
  "unsupported-model": ({ message }) => new ModelRefusedError(message, "unsupported-model"),
  "worker-crashed": ({ message }) => new WorkerCrashedError(message),
  "wrong-role": ({ message }) => new ModelRefusedError(message, "wrong-role"),
};

/** Codes of the engine for what has another name here: its documents and requests are the caller's arguments. */
const aliases: Readonly<Record<string, ErrorCode>> = {
  "bad-documents": "bad-input",
  "bad-request": "bad-input",
  stopped: "aborted",
};

/** Makes an error fit to cross the border. What isn't one of ours is sorted by what the engine or the platform says. */
export function toWire(error: unknown): WireError {
  if (error instanceof ModelIntegrityError) {
    const { code, message, file, expected, found } = error;
    return { code, message, mismatch: { file, expected, found } };
  }
  if (error instanceof ModelUnavailableError) {
    const { code, message, url, status, missing } = error;
    return { code, message, whereabouts: { url, status, missing } };
  }
  if (!(error instanceof Error)) {
    return { code: "internal", message: `tabrank failed: ${String(error)}. Please report this.` };
  }
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string") {
    const known = aliases[code] ?? code;
    if (Object.hasOwn(makers, known)) {
      return { code: known as ErrorCode, message: error.message };
    }
  }
  if (error.name === "AbortError") {
    return { code: "aborted", message: error.message };
  }
  if (typeof WebAssembly !== "undefined" && error instanceof WebAssembly.RuntimeError) {
    return { code: "worker-crashed", message: crashed(error.message) };
  }
  // What engines throw for a buffer that is too large for them.
  if (error instanceof RangeError && /allocation|array length/i.test(error.message)) {
    return fullMemory(error.message);
  }
  return { code: "internal", message: `tabrank failed: ${error.name}: ${error.message}. Please report this.` };
}

/** The error of an allocation that failed, for the reason that whoever noticed gives. */
export function fullMemory(reason: string): WireError {
  return { code: "out-of-memory", message: `There is not enough memory (${reason}). Close other pages, or use smaller models or fewer workers.` };
}

/** The error that crossed the border. */
export function fromWire(wire: WireError): TabrankError {
  return makers[wire.code](wire);
}

/** The error of an operation that `signal` stopped. */
export function aborted(signal: AbortSignal): AbortError {
  return new AbortError("The operation was aborted.", { cause: signal.reason });
}

/** Message for an engine that stopped in the middle of something. */
export function crashed(reason: string): string {
  return `The worker crashed (${reason}). Dispose of this ranker and load a new one; if the page is short of memory, use smaller models.`;
}
