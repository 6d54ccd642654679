/** The part "Your corpus": which libraries there are, which one is searched, and how another is made. */

import { h, megabytes } from "../../view/dom";
import { absence } from "../../view/library-line";
import type { Bench, Part } from "../part";
import { Adding } from "./adding";
import { Kept } from "./kept";
import { KeptList } from "./kept-list";
import { Preparing } from "./preparing";
import { Transfer } from "./transfer";

/** Makes the part. */
export async function makeCorpusPart(bench: Bench): Promise<Part> {
  return new CorpusPart(bench, new Kept(await bench.libraries.shelf(), bench.manifest));
}

class CorpusPart implements Part {
  readonly root: HTMLElement;
  readonly #bench: Bench;
  readonly #kept: Kept;
  readonly #absent = h("p", { class: "library-line absent", hidden: true });
  readonly #problems = h("div", { role: "alert" });
  readonly #room = h("p", { class: "hint room" });
  readonly #trouble = h("div", { class: "shelf-trouble" });
  readonly #list: KeptList;
  readonly #preparing: Preparing;
  readonly #transfer: Transfer;
  readonly #search = h("a", { class: "search-it", hidden: true });
  #shown = false;
  /** Counts the drawings of the list: what an earlier one has gathered is thrown away. */
  #drawings = 0;

  constructor(bench: Bench, kept: Kept) {
    this.#bench = bench;
    this.#kept = kept;
    const { libraries, session, say } = bench;
    const lament = (messages: readonly string[]): void => this.#lament(messages);
    this.#preparing = new Preparing({
      libraries,
      session,
      say,
      changed: () => void this.#draw(),
      attended: () => this.#shown,
    });
    this.#transfer = new Transfer({ libraries, session, say, lament, imported: (id, name) => void this.#imported(id, name) });
    this.#list = new KeptList({
      onUse: (id) => void this.#use(id),
      onPrepare: (id, name) => void this.#preparing.start(id, name),
      onExport: (id) => void this.#transfer.export(id),
      onRename: (id, name) => void this.#rename(id, name),
      onRemove: (id) => void this.#remove(id),
    });
    const adding = new Adding({
      libraries,
      session,
      say,
      lament,
      onArchives: (files) => void this.#transfer.import(files),
      onMade: (id, name) => void this.#made(id, name),
    });
    this.root = h(
      "section",
      { class: "corpus-part", "aria-labelledby": "corpus-title" },
      h("h2", { id: "corpus-title" }, "Your corpus"),
      h(
        "p",
        { class: "about" },
        "A library of your own is cut into passages, read by the bi-encoder and kept in this browser across visits. Search, and the other parts of the bench, work with the one that is in use.",
      ),
      this.#absent,
      h("h3", { tabindex: -1 }, "Libraries"),
      this.#preparing.root,
      this.#list.root,
      h("p", {}, this.#search),
      this.#trouble,
      this.#room,
      h("h3", { class: "controls" }, "Add a library"),
      this.#problems,
      this.#transfer.root,
      adding.root,
    );
    libraries.watch(() => void this.#draw());
    session.watch(() => void this.#draw());
    bench.app.address.onChange(() => this.#link());
  }

  async show(): Promise<void> {
    this.#shown = true;
    await this.#draw();
  }

  leave(): void {
    // What is being made searchable goes on, as it searches nothing.
    this.#shown = false;
  }

  /** Gathers and shows what there is. */
  async #draw(): Promise<void> {
    if (!this.#shown) return;
    this.#drawings += 1;
    const drawing = this.#drawings;
    const { libraries, session } = this.#bench;
    const model = session.info?.biEncoder;
    const kept = await this.#kept.facts(model);
    const room = await this.#kept.room();
    if (drawing !== this.#drawings) return;
    this.#list.draw({ shipped: session.shipped, inUse: libraries.inUse.id, kept, busy: this.#preparing.busyWith, model: model?.id });
    this.#room.textContent =
      room === undefined
        ? ""
        : `This site takes ${megabytes(room.used)} in this browser, models included, of the ${roomy(room.quota)} that it may. ` +
          (room.persisted
            ? "The browser has promised to keep it."
            : "A browser that runs short of room may clear it: export what you can’t do without.");
    await this.#showTrouble();
    this.#link();
  }

  #link(): void {
    const { libraries, app } = this.#bench;
    const { own, absent } = libraries;
    this.#search.hidden = own === undefined;
    this.#search.setAttribute("href", app.address.href({ own: [] }));
    this.#search.textContent = `Search “${own?.name ?? ""}”`;
    this.#absent.hidden = absent === undefined;
    if (absent === undefined) this.#absent.replaceChildren();
    else this.#absent.replaceChildren(...absence(absent, undefined));
  }

  async #showTrouble(): Promise<void> {
    const shelf = await this.#bench.libraries.shelf();
    const { trouble } = shelf;
    if (trouble === undefined) {
      this.#trouble.replaceChildren();
      return;
    }
    const again = h("button", { type: "button", class: "small" }, "Try to keep it again");
    again.addEventListener("click", () => {
      shelf
        .retry()
        .catch(() => undefined)
        .finally(() => void this.#draw());
    });
    this.#trouble.replaceChildren(h("p", { class: "note", role: "alert" }, trouble.message), again);
  }

  async #use(id: string | undefined): Promise<void> {
    const { libraries, say } = this.#bench;
    try {
      await libraries.use(id);
      say(`“${libraries.inUse.name}” is in use.`);
    } catch (error) {
      this.#lament([messageOf(error)]);
    }
  }

  async #made(id: string, name: string): Promise<void> {
    if (this.#preparing.busyWith !== undefined && this.#preparing.busyWith !== id) {
      await this.#draw();
      this.#bench.say(`“${name}” is kept. Make it searchable from the list when the other one is done.`);
      return;
    }
    await this.#preparing.start(id, name);
  }

  async #imported(id: string, name: string): Promise<void> {
    const { libraries } = this.#bench;
    const wanted = libraries.absent?.id === id || libraries.own?.id === id;
    await this.#draw();
    // The link that led here asked for it, or it is in use in its old state.
    if (wanted) await this.#preparing.start(id, name);
  }

  async #rename(id: string, name: string): Promise<void> {
    const { libraries, say } = this.#bench;
    try {
      const tidied = await (await libraries.shelf()).rename(id, name);
      libraries.changed(id, { name: tidied });
      say(`It is called “${tidied}” now.`);
    } catch (error) {
      this.#lament([messageOf(error)]);
    }
    await this.#draw();
  }

  async #remove(id: string): Promise<void> {
    const { libraries, say } = this.#bench;
    try {
      const shelf = await libraries.shelf();
      const name = (await shelf.list()).find((listed) => listed.id === id)?.name ?? id;
      if (libraries.own?.id === id) await libraries.use(undefined);
      await shelf.remove(id);
      say(`“${name}” was removed.`);
    } catch (error) {
      this.#lament([messageOf(error)]);
    }
    await this.#draw();
    this.root.querySelector<HTMLElement>("h3")?.focus();
  }

  #lament(messages: readonly string[]): void {
    this.#problems.replaceChildren(...messages.map((message) => h("p", { class: "note" }, message)));
    if (messages.length > 0) this.#bench.say("");
  }
}

/** A size that is only known roughly. */
function roomy(bytes: number): string {
  return bytes < 1e9 ? megabytes(bytes) : `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
