/** The GPU in the worker: asks for it, gives it its trial, and gives it up when it fails. */

import type { Engine, FileBuffer } from "../wasm/tabrank.js";
import { costsInWords, everPays, onGpu } from "./device.js";
import type { TrialReport } from "./engine.js";
import { toWire } from "./errors.js";
import type { Running } from "./start.js";
import type { Store } from "./store.js";
import type { Device, GpuCosts, GpuInfo } from "./types.js";

/** As much of a browser's WebGPU as is used here; the engine does the rest. */
interface Adapter {
  features: ReadonlySet<string>;
  info?: { vendor?: string; architecture?: string; description?: string; isFallbackAdapter?: boolean };
}
interface WebGpu {
  requestAdapter(options?: { powerPreference: "high-performance" }): Promise<Adapter | null>;
}

interface AdapterMethods {
  requestDevice(descriptor?: { requiredFeatures?: Iterable<string> }): Promise<unknown>;
}

/** Measurements are made anew after so many days: browsers and drivers become faster. */
const days = 30;

/** What the trial needs. */
export interface Trial {
  running: Running;
  engine: Engine;
  /** The models' files. Emptied as they are loaded. */
  files: { biEncoder: Uint8Array | null; crossEncoder: Uint8Array | null };
  store: Store | null;
  /** What the measurements depend on besides the GPU. */
  key: URL;
  /** Waited for between two steps. */
  breathe(): Promise<void>;
}

/** The GPU, as far as one is used. */
export class Gpu {
  readonly #wanted: Device;
  readonly #workers: number;
  readonly #tell: (info: GpuInfo) => void;
  readonly #adapter: Promise<string | null>;
  #subgroups = false;
  #engine: Engine | undefined;
  #info: GpuInfo;

  /** Asks for an adapter, if one is wanted. `workers` is how many there are on the other side. */
  constructor(wanted: Device, workers: number, tell: (info: GpuInfo) => void) {
    this.#wanted = wanted;
    this.#workers = workers;
    this.#tell = tell;
    const off = wanted === "cpu";
    this.#info = { state: off ? "off" : "trying", reason: off ? "no GPU was asked for" : "it has not been tried yet" };
    tell(this.#info);
    this.#adapter = off ? Promise.resolve(null) : this.#ask();
  }

  /** Whether files should be kept for the trial. */
  get hopeful(): boolean {
    return this.#info.state === "trying";
  }

  /** Loads the models onto the GPU, compares them with those on the CPU, and, unless the GPU is insisted on, times both. */
  async start({ running, engine, files, store, key, breathe }: Trial): Promise<void> {
    try {
      const adapter = await this.#adapter;
      if (adapter === null || !this.hopeful) return;
      const measurement = new URL(key);
      measurement.searchParams.set("adapter", adapter);
      const free = this.#wanted === "auto";
      const known = free ? ((await store?.recall<GpuCosts>(measurement, days)) ?? undefined) : undefined;
      if (known && this.#giveUpIfSlow(known)) return;
      const { glue } = running;
      await breathe();
      const models = await glue.GpuModels.connect(this.#subgroups);
      await breathe();
      if (files.biEncoder) models.loadBiEncoder(room(running, files.biEncoder));
      files.biEncoder = null;
      await breathe();
      models.loadCrossEncoder(room(running, files.crossEncoder ?? new Uint8Array()));
      files.crossEncoder = null;
      await breathe();
      const report = (await engine.tryGpu(models, free && !known, breathe)) as TrialReport;
      this.#engine = engine;
      const { agreement, precision, cpu, gpu } = report;
      const costs = known ?? (cpu && gpu ? { cpu, gpu } : undefined);
      if (costs && !known) await store?.remember(measurement, costs);
      if (costs && this.#giveUpIfSlow(costs)) return;
      const reason = costs ? costsInWords(costs, this.#workers) : "it was asked for";
      this.#become({ state: "ready", reason, agreement, precision, ...(costs && { costs }) });
    } catch (error) {
      this.fail(error);
    } finally {
      files.biEncoder = files.crossEncoder = null;
    }
  }

  /** Does something on the device that suits so many tokens, and, if that is the GPU and it fails, once more on the CPU. */
  async either<T>(tokens: number, work: (onGpu: boolean) => Promise<T>): Promise<T> {
    if (onGpu(this.#info, tokens, 1)) {
      try {
        return await work(true);
      } catch (error) {
        if (!isGpuFault(error)) throw error;
        this.fail(error);
      }
    }
    return work(false);
  }

  /** It is not used any more. */
  fail(error: unknown): void {
    this.#giveUp({ state: "failed", reason: toWire(error).message });
  }

  async #ask(): Promise<string | null> {
    const { gpu } = (globalThis.navigator ?? {}) as { gpu?: WebGpu };
    const none = (reason: string) => {
      this.#become({ state: "off", reason });
      return null;
    };
    if (!gpu) return none("there is no WebGPU here");
    try {
      const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
      if (!adapter) return none("this browser offers no GPU");
      const { vendor, architecture, description } = adapter.info ?? {};
      const name = [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed";
      this.#info = { ...this.#info, adapter: name };
      // For software only: a GPU has no use for it here, and what isn't asked for can't go wrong.
      this.#subgroups = (adapter.info?.isFallbackAdapter ?? false) && adapter.features.has("subgroups");
      if (this.#subgroups) requestSubgroups();
      return name;
    } catch (error) {
      return none(`asking for a GPU failed (${String(error)})`);
    }
  }

  #giveUpIfSlow(costs: GpuCosts): boolean {
    if (everPays(costs, this.#workers)) return false;
    const reason = `the CPU is faster here: ${costsInWords(costs, this.#workers)}`;
    this.#giveUp({ state: "off", reason, costs });
    return true;
  }

  #giveUp(info: Omit<GpuInfo, "adapter">): void {
    this.#engine?.dropGpu();
    this.#engine = undefined;
    this.#become(info);
  }

  /** Whatever becomes of it, it keeps its name. */
  #become(info: Omit<GpuInfo, "adapter">): void {
    const { adapter } = this.#info;
    this.#info = { ...info, ...(adapter !== undefined && { adapter }) };
    this.#tell(this.#info);
  }
}

/** Whether the GPU is at fault, and not what was asked. */
export function isGpuFault(error: unknown): boolean {
  return toWire(error).code === "gpu-failed";
}

/** Has all devices made with the feature `subgroups`, which wgpu 30 has no name for in browsers. */
function requestSubgroups(): void {
  const { prototype } = (globalThis as unknown as { GPUAdapter: { prototype: AdapterMethods } }).GPUAdapter;
  const { requestDevice } = prototype;
  prototype.requestDevice = function (descriptor) {
    return requestDevice.call(this, { ...descriptor, requiredFeatures: [...(descriptor?.requiredFeatures ?? []), "subgroups"] });
  };
}

/** A file in the engine's memory. */
function room({ glue }: Running, bytes: Uint8Array): FileBuffer {
  const buffer = new glue.FileBuffer(bytes.length);
  buffer.append(bytes);
  return buffer;
}
