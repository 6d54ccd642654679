/** Names that are given to documents and libraries, and that no two of them share. */

/** Longest id that is taken over from a file; it stands in labels, links and exports. */
const LONGEST = 200;

/** Ids in use. */
export class Ids {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** Takes the id that a file gives, if it is one and still free. */
  claim(wanted: string | undefined): string | undefined {
    const id = wanted?.trim() ?? "";
    if (id === "" || id.length > LONGEST || /\p{Cc}/u.test(id) || this.#taken.has(id)) return undefined;
    this.#taken.add(id);
    return id;
  }

  /** Takes this id, or the first free one that is made from it with a number. */
  make(from: string): string {
    let id = from;
    for (let n = 2; this.#taken.has(id); n += 1) id = `${from}-${n}`;
    this.#taken.add(id);
    return id;
  }

  /** Takes `id#1` to `id#count`, with as many signs as it needs for all of them to be free. */
  pieces(id: string, count: number): string[] {
    for (let sign = "#"; ; sign += "#") {
      const ids = Array.from({ length: count }, (_, n) => `${id}${sign}${n + 1}`);
      if (ids.some((piece) => this.#taken.has(piece))) continue;
      for (const piece of ids) this.#taken.add(piece);
      return ids;
    }
  }
}

/** A file's name without folders and ending: `notes/Plan.v2.md` gives `Plan.v2`. */
export function stem(file: string): string {
  const name = file.split(/[/\\]/).at(-1) ?? "";
  return name.replace(/(?<=.)\.[^.\s]{1,10}$/u, "").trim() || name.trim() || "file";
}

/** A name in letters and digits with hyphens, for ids and file names; what has neither letter nor digit gives `otherwise`. */
export function slug(name: string, otherwise: string): string {
  const words =
    name
      .normalize("NFC")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const letters = [...words.join("-")].slice(0, 40).join("").replace(/-$/, "");
  return letters || otherwise;
}

/** The beginning of a text as a title: its first line, cut at a word's end. */
export function opening(text: string): string {
  const most = 60;
  // However long the first line, its beginning is enough.
  const line = (text.trimStart().slice(0, 400).split("\n", 1)[0] ?? "").replace(/\s+/g, " ").trim();
  const letters = [...line];
  if (letters.length <= most) return line;
  const start = letters.slice(0, most).join("");
  return `${start.replace(/(?<=.{30,})\s\S*$/u, "").trimEnd()}…`;
}
