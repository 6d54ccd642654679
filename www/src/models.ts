/** Opening models: the reader's choice of them, how far they are, and what to do when they can't be had. Shared by all views. */

import type { Info, Manifest } from "tabrank";
import type { Address } from "./address";
import { codeOf } from "./errors";
import type { Libraries } from "./libraries";
import type { Choice, Session } from "./session";
import { byId } from "./view/dom";
import { Machine } from "./view/machine";
import { Pickers } from "./view/pickers";
import { LoadingPanel } from "./view/progress";
import type { TroublePanel } from "./view/trouble";

/** After these the engine is of no use any more, and only loading it afresh helps. */
const FATAL: ReadonlySet<string | undefined> = new Set(["worker-crashed", "internal", "disposed", "not-ready"]);

/** Called as models come and go. */
export interface ModelHandlers {
  readonly opening: () => void;
  readonly opened: () => void;
  readonly failed: () => void;
}

/** What opening models needs. */
export interface ModelParts {
  readonly session: Session;
  readonly libraries: Libraries;
  readonly manifest: Manifest;
  readonly address: Address;
  readonly trouble: TroublePanel;
}

/** The models in use, as the reader has them. */
export class Models {
  readonly #session: Session;
  readonly #libraries: Libraries;
  readonly #address: Address;
  readonly #trouble: TroublePanel;
  readonly #loading = new LoadingPanel(byId("loading", HTMLElement), () => this.#session.stopReading());
  readonly #pickers: Pickers;
  readonly #machine: Machine;
  readonly #handlers: ModelHandlers[] = [];
  /** What is in use or on its way. */
  #choice: Choice | undefined;

  constructor({ session, libraries, manifest, address, trouble }: ModelParts) {
    this.#session = session;
    this.#libraries = libraries;
    this.#address = address;
    this.#trouble = trouble;
    this.#pickers = new Pickers((role, id) => {
      void this.open({ ...address.settings, ...(role === "bi-encoder" ? { biEncoder: id } : { crossEncoder: id }) });
    });
    this.#machine = new Machine((device) => void this.open({ ...address.settings, device }));
    this.#pickers.fill(manifest);
    address.onMove(({ settings }) => {
      if (!this.are(settings)) void this.open(settings);
    });
  }

  /** What is loaded; undefined until something is. */
  get info(): Info | undefined {
    return this.#session.info;
  }

  /** Calls these from now on. */
  watch(handlers: ModelHandlers): void {
    this.#handlers.push(handlers);
  }

  /** Whether these are the models that are in use or on their way. */
  are({ biEncoder, crossEncoder, device }: Choice): boolean {
    const now = this.#choice;
    return now !== undefined && now.biEncoder === biEncoder && now.crossEncoder === crossEncoder && now.device === device;
  }

  /** Opens models; on failure the previous ones stay in use, and the lists say so. */
  async open({ biEncoder, crossEncoder, device }: Choice): Promise<void> {
    const choice = { biEncoder, crossEncoder, device };
    this.#choice = choice;
    this.#trouble.clear();
    this.#pickers.select(biEncoder, crossEncoder);
    this.#machine.select(device);
    this.#loading.begin("Waiting for the models. You can read and type meanwhile.");
    for (const handlers of this.#handlers) handlers.opening();
    try {
      const opened = await this.#session.open(choice, {
        onFile: (event) => this.#loading.update(event),
        onGpu: (gpu) => this.#machine.tell(gpu),
        onPassage: (done, total) => {
          const { own } = this.#libraries;
          const which = own === undefined ? "the library" : `your library “${own.name}”`;
          this.#loading.say(`The scout reads ${which}: ${done} of ${total} passages.`, own !== undefined && done < total);
        },
        onSpared: (collection, error) => this.#libraries.spared(collection, error),
      });
      if (!opened) return;
    } catch (error) {
      this.#loading.end();
      const { settings } = this.#address;
      this.#choice = settings;
      this.#pickers.select(settings.biEncoder, settings.crossEncoder);
      this.#machine.select(settings.device);
      this.#trouble.show({
        what: "The models could not be loaded",
        error,
        consolation:
          this.info === undefined ? "What you typed stays, and lessons show their recorded runs." : "The models from before go on working.",
        retry: () => void this.open(choice),
      });
      for (const handlers of this.#handlers) handlers.failed();
      return;
    }
    this.#loading.end();
    this.#address.keep({ settings: { ...this.#address.settings, ...choice } });
    if (this.info !== undefined) this.#pickers.facts(this.info);
    for (const handlers of this.#handlers) handlers.opened();
  }

  /** Opens the models afresh if they are of no use any more after this error; else says that it needn't. */
  recover(error: unknown): boolean {
    if (!FATAL.has(codeOf(error))) return false;
    void this.open(this.#address.settings);
    return true;
  }
}
