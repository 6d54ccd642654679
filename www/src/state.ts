/** What the page is set to, and how that is carried in its address so that a state can be shared. */

import type { Device } from "tabrank";

/**
 * The question that opens the page: a trap that the bi-encoder falls into and the shipped cross-encoder corrects. An
 * end-to-end test holds it to that, so a new cross-encoder or corpus that breaks it is noticed.
 */
export const FIRST_QUERY = "woodwind instrument that does not need a reed";

/** Limits of the two sliders. */
export const LIMITS = { pool: { min: 1, max: 50, usual: 20 }, topK: { min: 1, max: 20, usual: 5 } } as const;

/** A question longer than this stays out of the address: browsers refuse addresses of some length, each another. */
const LONGEST_SHARED = 2000;

/** What the reader has chosen. */
export interface Settings {
  readonly query: string;
  /** How many candidates the judge reads. */
  readonly pool: number;
  /** How many places of the judge's ranking are shown. */
  readonly topK: number;
  /** Model ids; undefined means the manifest's default. */
  readonly biEncoder: string | undefined;
  readonly crossEncoder: string | undefined;
  /** What computes. */
  readonly device: Device;
  /** Id of the library that is searched, one of the reader's own; undefined means the one of this page. */
  readonly corpus: string | undefined;
}

/** What `device` in the address may be. */
export const DEVICES: readonly Device[] = ["auto", "webgpu", "cpu"];

/** The parameters of an address that are settings; they mean the same whatever the page shows. */
export const SETTING_KEYS: ReadonlySet<string> = new Set(["q", "pool", "k", "bi", "cross", "device", "corpus"]);

/** Reads settings from the query string of an address; anything missing or unusable takes its usual value. */
export function readSettings(search: string): Settings {
  const parameters = new URLSearchParams(search);
  const corpus = parameters.get("corpus") || undefined;
  return {
    query: parameters.get("q") ?? openingQuery(corpus),
    pool: whole(parameters.get("pool"), LIMITS.pool),
    topK: whole(parameters.get("k"), LIMITS.topK),
    biEncoder: parameters.get("bi") || undefined,
    crossEncoder: parameters.get("cross") || undefined,
    device: DEVICES.find((device) => device === parameters.get("device")) ?? "auto",
    corpus,
  };
}

/** What is asked before the reader has asked anything: of a library of the reader's own, nothing. */
export function openingQuery(corpus: string | undefined): string {
  return corpus === undefined ? FIRST_QUERY : "";
}

/** Writes settings as a query string; usual values are left out, so that addresses stay short. */
export function writeSettings(settings: Settings): string {
  const parameters = new URLSearchParams();
  const unsaid = settings.corpus !== undefined && settings.query === "";
  if (settings.query.length <= LONGEST_SHARED && !unsaid) parameters.set("q", settings.query);
  if (settings.pool !== LIMITS.pool.usual) parameters.set("pool", String(settings.pool));
  if (settings.topK !== LIMITS.topK.usual) parameters.set("k", String(settings.topK));
  if (settings.biEncoder !== undefined) parameters.set("bi", settings.biEncoder);
  if (settings.crossEncoder !== undefined) parameters.set("cross", settings.crossEncoder);
  if (settings.device !== "auto") parameters.set("device", settings.device);
  if (settings.corpus !== undefined) parameters.set("corpus", settings.corpus);
  return `?${parameters.toString()}`;
}

function whole(text: string | null, limits: { min: number; max: number; usual: number }): number {
  const value = Number.parseInt(text ?? "", 10);
  return Number.isNaN(value) ? limits.usual : Math.min(limits.max, Math.max(limits.min, value));
}
