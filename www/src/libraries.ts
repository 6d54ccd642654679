/**
 * Which library is searched: the one of this page or one of the reader's own, as the address says. What a library is made of stays in
 * this browser; a link carries its id only.
 */

import type { ModelInfo } from "tabrank";
import type { Address } from "./address";
import type { Collection } from "./collection";
import { Corpus, type LabelledQuery } from "./corpus";
import { codeOf } from "./errors";
import type { LibraryRecord } from "./library/library";
import type { Going } from "./library/pace";
import type { Shelf } from "./library/shelf";
import type { Session } from "./session";
import { FIRST_QUERY, openingQuery } from "./state";

/** Why the library of a link is not in use. */
export interface Absent {
  readonly id: string;
  /** Whether this browser has it, but not in a state in which it can be searched. */
  readonly here: boolean;
  /** In whole sentences. */
  readonly reason: string;
}

/** A library of the reader's own, to be searched. */
export interface OwnCollection extends Collection {
  readonly id: string;
  readonly record: LibraryRecord;
}

/** The library in use, and all that can be taken into use. */
export class Libraries {
  readonly #session: Session;
  readonly #address: Address;
  readonly #watchers = new Set<() => void>();
  #shelf: Promise<Shelf> | undefined;
  #absent: Absent | undefined;
  #moving: AbortController | undefined;

  constructor(session: Session, address: Address) {
    this.#session = session;
    this.#address = address;
    address.onMove(({ settings }) => void this.follow(settings.corpus));
  }

  /** The library that is searched. */
  get inUse(): Collection | OwnCollection {
    return this.#session.inUse;
  }

  /** The library in use, if it is one of the reader's own. */
  get own(): OwnCollection | undefined {
    const { inUse } = this;
    return "record" in inUse ? inUse : undefined;
  }

  /** The library that the address asks for, if it can't be had. */
  get absent(): Absent | undefined {
    return this.#absent;
  }

  /** Whether what an address asks for is in use, or known not to be had; else it is on its way. */
  settled(id: string | undefined): boolean {
    return id === this.inUse.id || id === this.#absent?.id;
  }

  /** Calls a function whenever another library is in use, its labels or its name have changed, or one can't be had. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** What the reader has kept in this browser. Fetched when it is first needed. */
  shelf(): Promise<Shelf> {
    this.#shelf ??= import("./library/shelf").then(({ Shelf: Made }) => new Made());
    // It may be a connection that comes back.
    this.#shelf.catch(() => (this.#shelf = undefined));
    return this.#shelf;
  }

  /** Loads a library of the reader's own. */
  async load(id: string): Promise<OwnCollection> {
    const shelf = await this.shelf();
    return ownCollection(await shelf.load(id), shelf);
  }

  /** Takes the library of the address when the page is opened: the models aren't there yet, and come with it. */
  async start(): Promise<void> {
    const { corpus } = this.#address.settings;
    if (corpus === undefined) return;
    try {
      this.#session.inUse = await this.load(corpus);
    } catch (error) {
      this.#miss(corpus, error);
    }
  }

  /**
   * Puts a library into use, by its id; undefined is the one of this page. Until that is done, and where it fails, the one from before
   * is searched.
   */
  async use(id: string | undefined, going: Going = {}): Promise<void> {
    this.#moving?.abort();
    const collection = id === undefined ? this.#session.shipped : await this.load(id);
    going.signal?.throwIfAborted();
    if (this.#session.state.kind === "ready") await this.#session.use(collection, going);
    else this.#session.inUse = collection;
    this.#absent = undefined;
    this.#note(id);
    this.#tell();
  }

  /** Puts into use what a link asks for; where it can't be had, the library of this page. */
  async follow(id: string | undefined): Promise<void> {
    if (id !== undefined && id === this.#absent?.id) return;
    if (id === this.inUse.id && this.#absent === undefined && this.#moving === undefined) return;
    this.#moving?.abort();
    const moving = new AbortController();
    this.#moving = moving;
    const { signal } = moving;
    try {
      const collection = id === undefined ? this.#session.shipped : await this.load(id);
      signal.throwIfAborted();
      if (this.#session.state.kind === "ready") await this.#session.use(collection, { signal });
      else this.#session.inUse = collection;
      this.#absent = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#session.inUse = this.#session.shipped;
      if (id !== undefined) this.#miss(id, error);
    }
    if (this.#moving === moving) this.#moving = undefined;
    this.#tell();
  }

  /** Takes note of what was done to a kept library elsewhere: other labels, or another name. */
  changed(id: string, change: { readonly name?: string; readonly queries?: readonly LabelledQuery[] }): void {
    const { own } = this;
    if (own?.id !== id) return;
    const record = { ...own.record, name: change.name ?? own.record.name, queries: change.queries ?? own.record.queries };
    const corpus = change.queries === undefined ? own.corpus : new Corpus(own.corpus.passages, record.queries);
    const changed: OwnCollection = { ...own, name: record.name, record, corpus };
    this.#session.inUse = changed;
    this.#tell();
  }

  /** Takes note that the models have come without the reader's own library. */
  spared({ id }: Collection, error: unknown): void {
    if (id !== undefined) this.#miss(id, error);
  }

  #miss(id: string, error: unknown): void {
    const here = codeOf(error) !== "not-on-shelf";
    this.#absent = { id, here, reason: error instanceof Error && error.name !== "AbortError" ? error.message : "Reading it was stopped." };
    this.#tell();
  }

  /** Keeps the choice in the address. The opening question of this page is none for another library, and the other way round. */
  #note(corpus: string | undefined): void {
    const { settings } = this.#address;
    if (settings.corpus === corpus) return;
    const unasked = settings.query === openingQuery(settings.corpus) || settings.query === FIRST_QUERY;
    this.#address.add({ settings: { ...settings, corpus, query: unasked ? openingQuery(corpus) : settings.query } });
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** A library of the reader's own, with its vectors on the shelf. */
export function ownCollection(record: LibraryRecord, shelf: Shelf): OwnCollection {
  const { id, name } = record;
  return {
    id,
    name,
    record,
    corpus: new Corpus(record.passages, record.queries),
    vectors: async ({ sha256 }: ModelInfo) => (await shelf.vectors(id, sha256))?.bytes,
    async keep({ id: model, sha256 }, bytes) {
      // What can't be kept is in memory; the shelf says why.
      await shelf.saveVectors(id, { model, modelSha256: sha256, bytes }).catch(() => undefined);
    },
  };
}
