/** Libraries as files: exporting and importing them. */

import { archiveName, pack, unpack, type Packed } from "../../library/archive";
import { aboutIndex } from "../../index-file";
import { counted } from "../../numbers";
import { ShelfError } from "../../library/errors";
import type { Shelf } from "../../library/shelf";
import type { Libraries } from "../../libraries";
import type { Session } from "../../session";
import { h, megabytes } from "../../view/dom";
import { save } from "../saving";

/** What transferring needs. */
export interface TransferParts {
  readonly libraries: Libraries;
  readonly session: Session;
  readonly say: (sentence: string) => void;
  /** Shows what went wrong with a file, until the next one. */
  readonly lament: (messages: readonly string[]) => void;
  /** Called when a library has been imported. */
  readonly imported: (id: string, name: string) => void;
}

/** Exports and imports. */
export class Transfer {
  /** Where the reader is asked about an import. */
  readonly root = h("div", { class: "transfer" });
  readonly #parts: TransferParts;

  constructor(parts: TransferParts) {
    this.#parts = parts;
  }

  /** Has the browser save a library as one file. */
  async export(id: string): Promise<void> {
    const { libraries, session, say, lament } = this.#parts;
    try {
      const shelf = await libraries.shelf();
      const record = await shelf.load(id);
      const model = session.info?.biEncoder;
      const vectors = model == null ? undefined : await shelf.vectors(id, model.sha256);
      // Those of some passages only are of no use to whoever reads the file.
      const whole = vectors !== undefined && aboutIndex(vectors.bytes)?.passages === record.passages.length;
      say(`“${record.name}” is being packed.`);
      const file = await pack(record, whole ? vectors : undefined);
      const name = archiveName(record);
      save(file, name);
      const inside = `${counted(record.passages.length, "passage")}, ${counted(record.queries.length, "labelled question")}`;
      say(
        `Exported to ${name} (${megabytes(file.size)}): ${inside}, ${whole ? `vectors by ${vectors.model}` : "no vectors, which are made again wherever it is imported"}.`,
      );
    } catch (error) {
      lament([messageOf(error)]);
    }
  }

  /** Imports exported libraries, one after the other. */
  async import(files: readonly File[]): Promise<void> {
    const { say, lament } = this.#parts;
    const problems: string[] = [];
    lament([]);
    for (const file of files) {
      say(`${file.name} is being read.`);
      try {
        await this.#take(await unpack(file, file.name));
      } catch (error) {
        say("");
        problems.push(messageOf(error));
      }
    }
    lament(problems);
  }

  async #take({ record, vectors, verified }: Packed): Promise<void> {
    const { libraries, say, lament, imported } = this.#parts;
    const shelf = await libraries.shelf();
    const { id, name } = record;
    if ((await shelf.has(id)) && !(await this.#replace(shelf, { record, vectors, verified }))) {
      say(`“${name}” stays as it was.`);
      return;
    }
    try {
      await shelf.save(record);
      if (vectors !== undefined) await shelf.saveVectors(id, vectors);
    } catch (error) {
      if (!(error instanceof ShelfError)) throw error;
      lament([error.message]);
    }
    const inside = `${counted(record.passages.length, "passage")}, ${counted(record.queries.length, "labelled question")}, ${vectors === undefined ? "no vectors" : `vectors by ${vectors.model}`}`;
    say(`Imported “${name}”: ${inside}.${verified ? "" : " Whether the file was changed on its way could not be checked."}`);
    imported(id, name);
  }

  /** Asks whether the library of this id is to be replaced. */
  async #replace(shelf: Shelf, { record }: Packed): Promise<boolean> {
    const here = (await shelf.list()).find(({ id }) => id === record.id);
    const replace = h("button", { type: "button", class: "small" }, "Take the file’s");
    const keep = h("button", { type: "button", class: "small" }, "Keep this browser’s");
    const question =
      `This browser has this library already, as “${here?.name ?? record.name}” with ${counted(here?.queries ?? 0, "labelled question")}; ` +
      `the file has ${counted(record.queries.length, "labelled question")}. Which is to be kept?`;
    const box = h(
      "div",
      { class: "asking", role: "group", "aria-label": "Which library is to be kept" },
      h("p", {}, question),
      h("p", { class: "row-actions" }, keep, replace),
    );
    this.root.append(box);
    this.#parts.say(question);
    keep.focus();
    const taken = await new Promise<boolean>((resolve) => {
      replace.addEventListener("click", () => resolve(true));
      keep.addEventListener("click", () => resolve(false));
    });
    box.remove();
    return taken;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
