/** Bytes of a file into text. */

import { ReadError } from "./errors";

/** The largest file that is read. */
export const LARGEST_FILE = 50_000_000;

/** A file's text, and what it was written in. */
export interface Decoded {
  readonly text: string;
  readonly encoding: "UTF-8" | "UTF-16" | "Windows-1252";
  readonly notices: readonly string[];
}

/** First bytes of files that people take for text, and what to do with them. */
const OTHERS: readonly { readonly start: readonly number[]; readonly what: string; readonly advice: string }[] = [
  { start: [0x25, 0x50, 0x44, 0x46], what: "a PDF file", advice: "Save its text as .txt or .md first." },
  {
    start: [0x50, 0x4b, 3, 4],
    what: "a ZIP archive, or a document that is one inside",
    advice: "Save its text as .txt, .md or .csv first; a library exported here is imported as such.",
  },
  { start: [0xd0, 0xcf, 0x11, 0xe0], what: "an old Office document", advice: "Save its text as .txt or .csv first." },
  { start: [0x1f, 0x8b], what: "compressed with gzip", advice: "Unpack it first." },
  { start: [0x89, 0x50, 0x4e, 0x47], what: "an image", advice: "Only text can be read." },
  { start: [0xff, 0xd8, 0xff], what: "an image", advice: "Only text can be read." },
  { start: [0x47, 0x49, 0x46, 0x38], what: "an image", advice: "Only text can be read." },
];

/** Refuses what is too large before it is read into memory. */
export function insistOnSize(file: string, bytes: number): void {
  if (bytes <= LARGEST_FILE) return;
  const size = Math.ceil(bytes / 1e6);
  throw new ReadError(
    "too-large",
    file,
    `${file} has ${size} MB; at most ${LARGEST_FILE / 1e6} MB can be read. Split it, or take the part that you need.`,
  );
}

/** Reads text as UTF-8 or, where a byte order mark says so, UTF-16; anything else is taken for Windows-1252. */
export function decode(bytes: Uint8Array<ArrayBuffer>, file: string): Decoded {
  insistOnSize(file, bytes.length);
  const other = OTHERS.find(({ start }) => start.every((byte, at) => bytes[at] === byte));
  if (other !== undefined) throw new ReadError("binary-file", file, `${file} is ${other.what}. ${other.advice}`);
  const decoded = decoders(bytes);
  if (decoded.text.includes("\0")) {
    throw new ReadError(
      "binary-file",
      file,
      `${file} is not text: it holds bytes that no text has. If it is text, save it as UTF-8 and try again.`,
    );
  }
  if (decoded.text.trim() === "") throw new ReadError("empty-file", file, `${file} is empty. Choose a file that holds text.`);
  return { ...decoded, text: tidy(decoded.text) };
}

function decoders(bytes: Uint8Array<ArrayBuffer>): Decoded {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return { text: new TextDecoder("utf-16le").decode(bytes), encoding: "UTF-16", notices: [] };
  if (first === 0xfe && second === 0xff) return { text: new TextDecoder("utf-16be").decode(bytes), encoding: "UTF-16", notices: [] };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "UTF-8", notices: [] };
  } catch {
    const notice = "It isn’t valid UTF-8, so it was read as Windows-1252. If letters look wrong, save it as UTF-8 and read it again.";
    return { text: new TextDecoder("windows-1252").decode(bytes), encoding: "Windows-1252", notices: [notice] };
  }
}

/** A text with one kind of line end, and without halves of surrogate pairs, which no file can hold and the engine can't take. */
export function tidy(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/\p{Surrogate}/gu, "\ufffd");
}
