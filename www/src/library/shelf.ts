/**
 * The user's libraries, across visits. Where the browser refuses to keep something, it stays in memory until the page is
 * closed, and goes on being listed and loaded; the error says what to do.
 */

import type { LabelledQuery } from "../corpus";
import type { Vectors } from "./archive";
import { ShelfError } from "./errors";
import { type LibraryRecord, renamed } from "./library";
import { Store, type Stored, storedOf } from "./store";

/** A library as it is listed, without its passages. */
export interface Listed extends Stored {
  /** False where it is in memory only, and gone when the page is closed. */
  readonly kept: boolean;
}

/** How much room all that this site keeps takes, in bytes, as far as the browser tells. */
export interface Room {
  readonly used: number;
  readonly quota: number;
  /** Whether the browser promised not to clear it by itself. */
  readonly persisted: boolean;
}

/** Libraries by id. */
export class Shelf {
  readonly #name: string;
  #opening: Promise<Store> | undefined;
  #trouble: ShelfError | undefined;
  /** Another tab has a newer version of the page; this one can't write any more. */
  #over = false;
  #asked = false;
  /** What could not be kept. */
  readonly #records = new Map<string, { readonly record: LibraryRecord; readonly saved: string }>();
  readonly #vectors = new Map<string, { readonly id: string; readonly vectors: Vectors }>();

  /** `name` is that of the database. Nothing is opened before it is needed. */
  constructor(name = "tabrank-library") {
    this.#name = name;
  }

  /** Why something is not kept, or could not be read; undefined where all is well. */
  get trouble(): ShelfError | undefined {
    return this.#trouble;
  }

  /** All libraries, those saved last first. Where the store can't be read, those in memory: see {@link trouble}. */
  async list(): Promise<Listed[]> {
    const stored = await this.#tried((store) => store.list()).catch((): Stored[] => []);
    const held = [...this.#records.values()].map(({ record, saved }): Listed => ({ ...storedOf(record), saved, kept: false }));
    const kept = stored.filter(({ id }) => !this.#records.has(id)).map((about): Listed => ({ ...about, kept: true }));
    return [...held, ...kept].sort((a, b) => Date.parse(b.saved) - Date.parse(a.saved));
  }

  /** Whether there is a library of this id, which saving another under it would replace. */
  async has(id: string): Promise<boolean> {
    return (await this.list()).some((listed) => listed.id === id);
  }

  /**
   * Loads a library.
   *
   * @throws {@link ShelfError} where there is none of this id, or the store can't be read.
   */
  async load(id: string): Promise<LibraryRecord> {
    const held = this.#records.get(id);
    if (held !== undefined) return held.record;
    return (await this.#tried((store) => store.load(id))) ?? missing(id);
  }

  /**
   * Keeps a library, in the place of one with its id. The first time, the browser is asked not to clear what is kept here.
   *
   * @throws {@link ShelfError} where it can't be kept. It is in memory then.
   */
  async save(record: LibraryRecord): Promise<void> {
    this.#hold(record);
    // What was changed while it was being written has to be written as well.
    for (let held = this.#records.get(record.id); held !== undefined; held = this.#records.get(record.id)) {
      const { record: written } = held;
      await this.#tried((store) => store.save(written));
      if (this.#records.get(record.id) === held) this.#records.delete(record.id);
    }
    await this.#keepVectors(record.id);
    this.#settle();
    // Some browsers ask the user in turn, which may take as long as it likes.
    void this.#ask();
  }

  /** Tries again to keep what is in memory only. */
  async retry(): Promise<void> {
    for (const { record } of [...this.#records.values()]) await this.save(record);
    for (const { id } of [...this.#vectors.values()]) await this.#keepVectors(id);
    this.#settle();
  }

  /**
   * Changes the labels of a library: `change` gets those that are kept now, which another tab may have added to, and gives
   * the new ones. It may be called twice and should do nothing else.
   *
   * @returns the labels as they are now.
   * @throws {@link ShelfError} where they can't be kept. The change is in memory then.
   */
  async label(id: string, change: (queries: readonly LabelledQuery[]) => readonly LabelledQuery[]): Promise<readonly LabelledQuery[]> {
    const changed = await this.#change(id, (record) => ({ ...record, queries: change(record.queries) }), { queries: change });
    return changed.queries;
  }

  /**
   * Gives a library another name. Its id stays.
   *
   * @returns the name, tidied.
   * @throws {@link ShelfError} where it can't be kept. The change is in memory then.
   */
  async rename(id: string, name: string): Promise<string> {
    const tidied = renamed({ id, name, created: "", rule: "", passages: [], queries: [] }, name).name;
    return (await this.#change(id, (record) => renamed(record, tidied), { name: tidied })).name;
  }

  /**
   * Removes a library and its vectors, from memory too.
   *
   * @throws {@link ShelfError} where the store can't be written.
   */
  async remove(id: string): Promise<void> {
    const inMemory = this.#records.delete(id);
    for (const [key, held] of this.#vectors) if (held.id === id) this.#vectors.delete(key);
    try {
      await this.#tried((store) => store.remove(id));
    } catch (error) {
      // Where there is no store, all there was of it was in memory.
      if (!inMemory || (error instanceof ShelfError && error.code !== "storage-refused")) throw error;
    }
  }

  /** The vectors of a library that the model with this SHA-256 made; undefined where there are none, or they can't be read. */
  async vectors(id: string, modelSha256: string): Promise<Vectors | undefined> {
    const held = this.#vectors.get(keyOf(id, modelSha256));
    return held?.vectors ?? this.#tried((store) => store.vectors(id, modelSha256)).catch(() => undefined);
  }

  /**
   * Keeps vectors beside a library.
   *
   * @throws {@link ShelfError} where they can't be kept. They are in memory then.
   */
  async saveVectors(id: string, vectors: Vectors): Promise<void> {
    this.#vectors.set(keyOf(id, vectors.modelSha256), { id, vectors });
    // A library in memory has its vectors there as well.
    if (!this.#records.has(id)) await this.#keepVectors(id);
  }

  /** How much room is taken and left; undefined where the browser doesn't say. */
  async room(): Promise<Room | undefined> {
    try {
      const storage = storageOf();
      const estimate = await storage?.estimate?.();
      if (estimate?.usage === undefined || estimate.quota === undefined) return undefined;
      return { used: estimate.usage, quota: estimate.quota, persisted: (await storage?.persisted?.()) ?? false };
    } catch {
      return undefined;
    }
  }

  /** Ends the connection to the store; the next call opens it again. */
  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    (await opening?.catch(() => undefined))?.close();
  }

  async #change(
    id: string,
    apply: (record: LibraryRecord) => LibraryRecord,
    change: Parameters<Store["change"]>[1],
  ): Promise<Pick<LibraryRecord, "name" | "queries">> {
    const held = this.#records.get(id);
    if (held !== undefined) return this.#hold(apply(held.record));
    const changed = await this.#tried((store) => store.change(id, change)).catch(async (error: unknown) => {
      // Reading often goes on where writing fails, for want of room for one.
      const record = await this.#tried((store) => store.load(id)).catch(() => undefined);
      if (record !== undefined) this.#hold(apply(record));
      if (error instanceof ShelfError) this.#trouble = error;
      throw error;
    });
    return changed ?? missing(id);
  }

  /** Moves vectors from memory to the store. */
  async #keepVectors(id: string): Promise<void> {
    for (const [key, held] of [...this.#vectors]) {
      if (held.id !== id) continue;
      const kept = await this.#tried((store) => store.saveVectors(id, held.vectors));
      if (this.#vectors.get(key) === held) this.#vectors.delete(key);
      if (!kept) missing(id);
    }
  }

  /** Does something with the store, and remembers whether it could be done. */
  async #tried<T>(work: (store: Store) => Promise<T>): Promise<T> {
    try {
      if (this.#over && this.#trouble !== undefined) throw this.#trouble;
      this.#opening ??= Store.open(this.#name, (error) => this.#closed(error));
      const result = await work(await this.#opening.catch((error: unknown) => this.#unopened(error)));
      this.#settle();
      return result;
    } catch (error) {
      if (error instanceof ShelfError && !this.#over) this.#trouble = error;
      throw error;
    }
  }

  /** Keeps a library in memory. */
  #hold(record: LibraryRecord): LibraryRecord {
    this.#records.set(record.id, { record, saved: new Date().toISOString() });
    return record;
  }

  /** All is well again once the store answers and nothing is left that it has not taken. */
  #settle(): void {
    if (this.#records.size === 0 && this.#vectors.size === 0) this.#trouble = undefined;
  }

  /** What was refused once may be granted the next time: the other tab may be closed by then. */
  #unopened(error: unknown): never {
    this.#opening = undefined;
    throw error;
  }

  #closed(error: ShelfError | undefined): void {
    this.#opening = undefined;
    if (error === undefined) return;
    this.#over = true;
    this.#trouble = error;
  }

  async #ask(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      await storageOf()?.persist?.();
    } catch {
      // The browser keeps it as long as it likes then, as it would unasked.
    }
  }
}

function storageOf(): Partial<StorageManager> | undefined {
  return (globalThis.navigator as Partial<Navigator> | undefined)?.storage;
}

function keyOf(id: string, modelSha256: string): string {
  return `${modelSha256} ${id}`;
}

function missing(id: string): never {
  throw new ShelfError(
    "not-on-shelf",
    `This browser has no library “${id}”. Import its file, or ask for the file whoever sent you the link.`,
  );
}
