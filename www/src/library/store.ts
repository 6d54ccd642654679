/** Libraries in IndexedDB: what is written is there as a whole or not at all, and read without the passages where these aren't needed. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { LabelledQuery } from "../corpus";
import type { Vectors } from "./archive";
import { ShelfError } from "./errors";
import type { LibraryRecord, UserPassage } from "./library";

/** A library without what makes it long. */
export interface Stored {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  /** When it was last written, in ISO 8601. */
  readonly saved: string;
  readonly rule: string;
  /** How many there are. */
  readonly passages: number;
  readonly queries: number;
}

interface Schema extends DBSchema {
  about: { key: string; value: Stored };
  /** By library and number of the block: one row of all passages would hold up the page while it is copied. */
  passages: { key: [string, number]; value: readonly UserPassage[] };
  queries: { key: string; value: readonly LabelledQuery[] };
  /** By library and SHA-256 of the model. */
  vectors: { key: [string, string]; value: Vectors };
}

const VERSION = 1;
const BLOCK = 500;
/** A browser that has not opened a database by then won't. */
const PATIENCE_MS = 10_000;

/** An open store. All methods reject with {@link ShelfError} and nothing else. */
export class Store {
  readonly #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  /** Opens the store. `onClosed` is called when it can't be used any more: with an error where another tab wants a newer one. */
  static async open(name: string, onClosed: (error: ShelfError | undefined) => void): Promise<Store> {
    if ((globalThis as { indexedDB?: IDBFactory | null }).indexedDB == null) throw refused(undefined);
    let given = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Store>((resolve, reject) => {
        timer = setTimeout(() => reject(failed("The browser’s store does not answer", undefined)), PATIENCE_MS);
        const opening = openDB<Schema>(name, VERSION, {
          upgrade: (database) => {
            database.createObjectStore("about", { keyPath: "id" });
            database.createObjectStore("passages");
            database.createObjectStore("queries");
            database.createObjectStore("vectors");
          },
          blocked: () =>
            reject(
              new ShelfError(
                "storage-blocked",
                `Another tab with an older version of this page holds the store. Close that tab and try again. ${STAYS}`,
              ),
            ),
          blocking: (_current, _wanted, event) => {
            (event.target as IDBDatabase).close();
            onClosed(outdated(undefined));
          },
          terminated: () => onClosed(undefined),
        });
        opening.then((database) => {
          // Nobody waits any more; held open, it would block others.
          if (given) database.close();
          else resolve(new Store(database));
        }, reject);
      });
    } catch (error) {
      given = true;
      throw error instanceof ShelfError ? error : translated(error, true);
    } finally {
      clearTimeout(timer);
    }
  }

  /** All libraries. */
  list(): Promise<Stored[]> {
    return attempt(() => this.#database.getAll("about"));
  }

  /** A library; undefined where there is none. */
  load(id: string): Promise<LibraryRecord | undefined> {
    return attempt(async () => {
      const transaction = this.#database.transaction(["about", "passages", "queries"]);
      const about = await transaction.objectStore("about").get(id);
      if (about === undefined) return undefined;
      const queries = await transaction.objectStore("queries").get(id);
      const passages: UserPassage[] = [];
      for (let n = 0; n * BLOCK < about.passages; n += 1) {
        for (const passage of (await transaction.objectStore("passages").get([id, n])) ?? []) passages.push(passage);
      }
      if (queries === undefined || passages.length !== about.passages) {
        throw new ShelfError(
          "record-damaged",
          `The store holds only a part of “${about.name}”. Remove it, and import it from its file or read its files again.`,
        );
      }
      const { name, created, rule } = about;
      return { id, name, created, rule, passages, queries };
    });
  }

  /** Writes a library, in the place of one with this id. */
  save(record: LibraryRecord): Promise<void> {
    return attempt(async () => {
      const transaction = this.#database.transaction(["about", "passages", "queries"], "readwrite");
      await finished(transaction, async () => {
        const passages = transaction.objectStore("passages");
        await passages.delete(blocksOf(record.id));
        for (let n = 0; n * BLOCK < record.passages.length; n += 1) {
          await passages.put(record.passages.slice(n * BLOCK, (n + 1) * BLOCK), [record.id, n]);
        }
        await transaction.objectStore("queries").put(record.queries, record.id);
        await transaction.objectStore("about").put(storedOf(record));
      });
    });
  }

  /**
   * Changes name or labels of a library, starting from what is stored then, so that no tab undoes what another did.
   * Undefined where there is no such library.
   */
  change(id: string, { name, queries: change }: Change): Promise<{ name: string; queries: readonly LabelledQuery[] } | undefined> {
    return attempt(async () => {
      const transaction = this.#database.transaction(["about", "queries"], "readwrite");
      return finished(transaction, async () => {
        const about = await transaction.objectStore("about").get(id);
        if (about === undefined) return undefined;
        const before = (await transaction.objectStore("queries").get(id)) ?? [];
        const queries = change?.(before) ?? before;
        const changed = { ...about, name: name ?? about.name, queries: queries.length, saved: new Date().toISOString() };
        if (queries !== before) await transaction.objectStore("queries").put(queries, id);
        await transaction.objectStore("about").put(changed);
        return { name: changed.name, queries };
      });
    });
  }

  /** Removes a library and its vectors. */
  remove(id: string): Promise<void> {
    return attempt(async () => {
      const transaction = this.#database.transaction(["about", "passages", "queries", "vectors"], "readwrite");
      await finished(transaction, async () => {
        await transaction.objectStore("about").delete(id);
        await transaction.objectStore("queries").delete(id);
        await transaction.objectStore("passages").delete(blocksOf(id));
        await transaction.objectStore("vectors").delete(vectorsOf(id));
      });
    });
  }

  /** The vectors of a library that a model made. */
  vectors(id: string, modelSha256: string): Promise<Vectors | undefined> {
    return attempt(() => this.#database.get("vectors", [id, modelSha256]));
  }

  /** Writes vectors beside a library; false where there is no such library, as another tab has removed it. */
  saveVectors(id: string, vectors: Vectors): Promise<boolean> {
    return attempt(async () => {
      const transaction = this.#database.transaction(["about", "vectors"], "readwrite");
      return finished(transaction, async () => {
        if ((await transaction.objectStore("about").getKey(id)) === undefined) return false;
        await transaction.objectStore("vectors").put(vectors, [id, vectors.modelSha256]);
        return true;
      });
    });
  }

  /** Ends the connection. */
  close(): void {
    this.#database.close();
  }
}

/** What is to be changed. */
export interface Change {
  readonly name?: string;
  readonly queries?: (queries: readonly LabelledQuery[]) => readonly LabelledQuery[];
}

/** What is listed of a library. */
export function storedOf({ id, name, created, rule, passages, queries }: LibraryRecord): Stored {
  return { id, name, created, rule, saved: new Date().toISOString(), passages: passages.length, queries: queries.length };
}

function blocksOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

function vectorsOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, ""], [id, []], false, true);
}

/** Does some work in a transaction, and waits until the browser has it; what fails half-way is undone as a whole. */
async function finished<T>(
  transaction: { readonly done: Promise<void>; abort(): void; readonly error: DOMException | null },
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work();
    await transaction.done;
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended by itself.
    }
    await transaction.done.catch(() => undefined);
    // Where room runs out, the request is told that it was aborted, and the transaction why.
    throw transaction.error ?? error;
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ShelfError ? error : translated(error, false);
  }
}

const STAYS = "Until then the library stays usable on this page; export it to keep it as a file.";

function translated(error: unknown, opening: boolean): ShelfError {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "QuotaExceededError") {
    return new ShelfError(
      "storage-full",
      `The browser has no room left for this library. Remove libraries that you no longer need, or free some space on the disk, and save again. ${STAYS}`,
      { cause: error },
    );
  }
  if (name === "VersionError") return outdated(error);
  if (opening && ["SecurityError", "InvalidStateError", "NotAllowedError", "TypeError"].includes(name)) return refused(error);
  return failed(`The browser’s store failed (${error instanceof Error ? error.message : String(error)})`, error);
}

function refused(cause: unknown): ShelfError {
  const where = "as in private windows, or where storage is switched off for this site";
  return new ShelfError(
    "storage-refused",
    `The browser lets this page keep nothing, ${where}. Open the page in an ordinary window, or allow storage in the settings. ${STAYS}`,
    { cause },
  );
}

function outdated(cause: unknown): ShelfError {
  return new ShelfError(
    "storage-outdated",
    `Another tab has opened a newer version of this page. Export what you have not saved, then reload this tab. ${STAYS}`,
    { cause },
  );
}

function failed(what: string, cause: unknown): ShelfError {
  return new ShelfError("storage-failed", `${what}. Try again, or restart the browser. ${STAYS}`, { cause });
}
