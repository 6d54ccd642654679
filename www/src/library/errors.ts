/** What can go wrong with a library. Each error has a `code` that stays, names the thing at fault and says what to do. */

/** What distinguishes the errors of reading a file. */
export type ReadCode =
  "binary-file" | "empty-file" | "bad-line" | "no-documents" | "no-such-column" | "reader-failed" | "too-large" | "unreadable-file";

/** A file, or pasted text, of which no documents could be made. */
export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly code: ReadCode;
  /** Name of the file, as the page shows it. */
  readonly file: string;
  /** The line at fault, counted from 1, where there is one. */
  readonly line: number | undefined;

  constructor(code: ReadCode, file: string, message: string, line?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.file = file;
    this.line = line;
  }
}

/** What distinguishes the errors of an exported library. */
export type ArchiveCode = "archive-damaged" | "archive-too-large" | "archive-version" | "not-an-archive";

/** A file that should hold an exported library and can't be taken. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly code: ArchiveCode;
  /** The part of the archive at fault, where there is one. */
  readonly part: string | undefined;

  constructor(code: ArchiveCode, message: string, part?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.part = part;
  }
}

/** What distinguishes the errors of the store. */
export type ShelfCode =
  "not-on-shelf" | "record-damaged" | "storage-blocked" | "storage-failed" | "storage-full" | "storage-outdated" | "storage-refused";

/** The browser did not keep, or did not give back, a library. What was to be saved stays usable until the page is closed. */
export class ShelfError extends Error {
  override readonly name = "ShelfError";
  readonly code: ShelfCode;

  constructor(code: ShelfCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
