/** What is compared: models and what runs them, and how that stands in an address. Pure. */

import type { Build, Manifest } from "tabrank";
import type { Own } from "../../address";
import { obtainable } from "../obtainable";

/** One of the things that are compared. */
export interface Setup {
  readonly biEncoder: string;
  readonly crossEncoder: string;
  readonly device: "cpu" | "webgpu";
  readonly workers: number;
}

/** What is asked. */
export type Asked = "question" | "labelled";

/** A whole comparison. */
export interface CompareSettings {
  readonly setups: readonly Setup[];
  readonly asked: Asked;
  /** The build of the engine that all set-ups have; undefined for the one in use. */
  readonly build: Build | undefined;
}

/** What is known when an address is read. */
export interface Usual {
  readonly manifest: Manifest;
  readonly biEncoder: string;
  readonly crossEncoder: string;
  /** Cores of this device. */
  readonly cores: number;
}

/** How many set-ups there may be. */
export const SETUPS = { min: 2, max: 4 } as const;
/** As many as the engine takes. */
export const MOST_WORKERS = 16;
/** How many of the labelled questions are asked. */
export const LABELLED = 20;

const BUILDS: readonly Build[] = ["simd128", "relaxed-simd"];
const KEYS = { setup: "set", asked: "ask", build: "build" } as const;

/** The set-ups that an address begins with: one worker against as many as there are cores. */
export function firstSetups({ biEncoder, crossEncoder, cores }: Usual): Setup[] {
  return [1, Math.max(2, Math.min(4, cores - 1))].map((workers) => ({ biEncoder, crossEncoder, device: "cpu", workers }));
}

/** What an address asks for; whatever can't be taken is as usual. */
export function readCompareSettings(own: Own, usual: Usual): CompareSettings {
  const setups = own.flatMap(([key, value]) => (key === KEYS.setup ? [readSetup(value, usual)] : [])).slice(0, SETUPS.max);
  const first = firstSetups(usual);
  const kept = new Map(own);
  return {
    setups: [...setups, ...first.slice(setups.length, Math.max(setups.length, SETUPS.min))],
    asked: kept.get(KEYS.asked) === "labelled" ? "labelled" : "question",
    build: BUILDS.find((build) => build === kept.get(KEYS.build)),
  };
}

/** The same for an address; set-ups that go without saying are left out. */
export function writeCompareSettings({ setups, asked, build }: CompareSettings, usual: Usual): Own {
  const same = JSON.stringify(setups) === JSON.stringify(firstSetups(usual));
  return [
    ...(same ? [] : setups.map((setup): [string, string] => [KEYS.setup, writeSetup(setup)])),
    ...(asked === "labelled" ? ([[KEYS.asked, asked]] as const) : []),
    ...(build === undefined ? [] : ([[KEYS.build, build]] as const)),
  ];
}

function readSetup(text: string, { manifest, biEncoder, crossEncoder }: Usual): Setup {
  const [device, workers, cross, bi] = text.split(",");
  const known = (id: string | undefined, role: "bi-encoder" | "cross-encoder", usually: string): string =>
    obtainable(manifest, role).some((model) => model.id === id) ? (id ?? usually) : usually;
  const number = Number.parseInt(workers ?? "", 10);
  return {
    device: device === "webgpu" ? "webgpu" : "cpu",
    workers: Number.isNaN(number) ? 1 : Math.min(MOST_WORKERS, Math.max(1, number)),
    crossEncoder: known(cross, "cross-encoder", crossEncoder),
    biEncoder: known(bi, "bi-encoder", biEncoder),
  };
}

function writeSetup({ device, workers, crossEncoder, biEncoder }: Setup): string {
  return [device, workers, crossEncoder, biEncoder].join(",");
}

/** What sets a set-up apart from the others, in a few words; never nothing. */
export function setupName(setup: Setup, all: readonly Setup[]): string {
  const differ = (of: (one: Setup) => unknown): boolean => new Set(all.map(of)).size > 1;
  const parts = [
    ...(differ(({ crossEncoder }) => crossEncoder) ? [setup.crossEncoder] : []),
    ...(differ(({ biEncoder }) => biEncoder) ? [setup.biEncoder] : []),
    ...(differ(({ device }) => device) ? [deviceName(setup.device)] : []),
    ...(differ(({ workers }) => workers) ? [`${setup.workers} ${setup.workers === 1 ? "worker" : "workers"}`] : []),
  ];
  return parts.length === 0 ? "the same once more" : parts.join(", ");
}

/** What a device is called. */
export function deviceName(device: Setup["device"]): string {
  return device === "webgpu" ? "WebGPU" : "CPU";
}
