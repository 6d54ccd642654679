/** models/manifest.json: fetched, and checked as far as this package relies on it. */

import { ask, patience } from "./ask.js";
import { aborted, BadInputError, ManifestError, ModelUnavailableError } from "./errors.js";
import type { Store } from "./store.js";
import type { Manifest, ManifestEntry, Origin } from "./types.js";

/**
 * Fetches the manifest of a models folder.
 *
 * @throws {@link ModelUnavailableError} if it can't be had, {@link ManifestError} if it isn't a manifest.
 */
export async function fetchManifest(models: URL, signal?: AbortSignal): Promise<Manifest> {
  if (signal?.aborted) throw aborted(signal);
  const { href } = new URL("manifest.json", models);
  const advice = "Copy the models folder with its manifest.json to your site, or set modelsUrl to where it is.";
  let text: string;
  try {
    // A manifest from before the last release would make the new files look damaged, so the server is always asked.
    const response = await ask(href, { cache: "no-cache", signal, patience });
    const { ok, status } = response;
    if (!ok) {
      const missing = status === 404 || status === 410;
      throw new ModelUnavailableError(`${href} answered with HTTP ${status}. ${advice}`, { url: href, status, missing });
    }
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw aborted(signal);
    if (error instanceof ModelUnavailableError && error.status !== undefined) throw error;
    throw new ModelUnavailableError(
      `${href} could not be fetched (${String((error as Error).cause ?? error)}). Check the connection. ${advice}`,
      { url: href },
      { cause: error },
    );
  }
  return parseManifest(text, href);
}

/**
 * The manifest; where it can't be had, as it last was: so what is kept can be used without a connection. The store may still be
 * opening: the manifest doesn't wait for it.
 */
export async function manifestOf(models: URL, store: Promise<Store | null> | Store | null, signal?: AbortSignal): Promise<Manifest> {
  const key = new URL("manifest.json", models);
  try {
    const manifest = await fetchManifest(models, signal);
    // Nobody need wait for it.
    void Promise.resolve(store).then((open) => open?.remember(key, manifest));
    return manifest;
  } catch (error) {
    const offline = error instanceof ModelUnavailableError && error.status === undefined;
    const known = offline ? await (await store)?.recall<Manifest>(key, Number.POSITIVE_INFINITY) : null;
    if (!known) throw error;
    return known;
  }
}

/** Parses a manifest; `source` names it in errors. */
export function parseManifest(text: string, source: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError(`${source} is not JSON (${String(cause)}). Check that the address leads to the manifest.`, {
      cause,
    });
  }
  const check = new Check(source);
  const root = check.object(json, "it");
  const defaults = check.object(root["defaults"], "defaults");
  check.string(defaults["bi_encoder"], "defaults.bi_encoder");
  check.string(defaults["cross_encoder"], "defaults.cross_encoder");
  check.array(root["models"], "models").forEach((entry, i) => check.entry(entry, `models[${i}]`));
  return json as Manifest;
}

/** The entry of a model. */
export function findEntry(manifest: Manifest, id: string, role: ManifestEntry["role"]): ManifestEntry {
  const entry = manifest.models.find((model) => model.id === id);
  if (entry?.role === role) return entry;
  const candidates = manifest.models.filter((model) => model.role === role).map((model) => model.id);
  const problem = entry ? `is a ${entry.role}, not a ${role}` : "is not in the manifest";
  throw new BadInputError(`The model ${JSON.stringify(id)} ${problem}. Each ${role} there: ${candidates.join(", ")}.`);
}

/** Whether all files of an origin can be verified. */
export function verifiable(origin: Origin): boolean {
  return origin.files.every((file) => file.sha256 !== null);
}

/** The checks of one manifest. Fields that are only shown to people are left alone. */
class Check {
  constructor(readonly source: string) {}

  entry(value: unknown, path: string): void {
    const entry = this.object(value, path);
    this.string(entry["id"], `${path}.id`);
    this.oneOf(entry["role"], ["bi-encoder", "cross-encoder"], `${path}.role`);
    this.string(entry["licence"], `${path}.licence`);
    this.string(entry["file"], `${path}.file`);
    this.size(entry["bytes"], `${path}.bytes`);
    this.hash(entry["sha256"], `${path}.sha256`);
    this.oneOf(entry["quantization"], ["Q8_0", "Q4_0", "F16", "F32"], `${path}.quantization`);
    this.oneOf(entry["pooling"], ["mean", "cls", null], `${path}.pooling`);
    this.size(entry["max_tokens"], `${path}.max_tokens`);
    if (entry["query_prefix"] !== undefined) this.string(entry["query_prefix"], `${path}.query_prefix`, true);
    if (entry["shared"] !== undefined) this.shared(entry["shared"], `${path}.shared`);
    if (entry["origin"] === undefined) return;
    const origin = this.object(entry["origin"], `${path}.origin`);
    this.array(origin["files"], `${path}.origin.files`).forEach((file, i) => {
      const where = `${path}.origin.files[${i}]`;
      const fields = this.object(file, where);
      this.string(fields["name"], `${where}.name`);
      this.string(fields["repo"], `${where}.repo`);
      this.string(fields["revision"], `${where}.revision`);
      this.size(fields["bytes"], `${where}.bytes`);
      this.hash(fields["sha256"], `${where}.sha256`);
    });
  }

  shared(value: unknown, path: string): void {
    const shared = this.object(value, path);
    this.string(shared["with"], `${path}.with`);
    this.hash(shared["sha256"], `${path}.sha256`);
    let end = 0;
    this.array(shared["parts"], `${path}.parts`).forEach((part, i) => {
      const where = `${path}.parts[${i}]`;
      const fields = this.object(part, where);
      for (const name of ["at", "there", "bytes"]) {
        if (!isCount(fields[name])) this.fail(`${where}.${name}`, "a whole number from 1", fields[name]);
      }
      const { at, bytes } = fields as { at: number; bytes: number };
      if (at < end) this.fail(`${where}.at`, "behind what comes before it", at);
      end = at + bytes;
    });
  }

  object(value: unknown, path: string): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.fail(path, "an object", value);
    return value as Record<string, unknown>;
  }

  array(value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) this.fail(path, "an array", value);
    return value as unknown[];
  }

  string(value: unknown, path: string, mayBeEmpty = false): void {
    if (typeof value !== "string" || (value === "" && !mayBeEmpty)) this.fail(path, "a string that isn't empty", value);
  }

  oneOf(value: unknown, allowed: readonly (string | null)[], path: string): void {
    if (!allowed.some((one) => one === value)) this.fail(path, `one of ${JSON.stringify(allowed)}`, value);
  }

  size(value: unknown, path: string): void {
    if (value !== null && !isCount(value)) this.fail(path, "a whole number from 1, or null", value);
  }

  hash(value: unknown, path: string): void {
    const isHash = typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
    if (value !== null && !isHash) this.fail(path, "a SHA-256 of 64 small hexadecimal digits, or null", value);
  }

  fail(path: string, expected: string, found: unknown): never {
    const shown = found === undefined ? "missing" : JSON.stringify(found).slice(0, 80);
    throw new ManifestError(`${this.source}: ${path} must be ${expected}, but it is ${shown}. Correct the manifest.`);
  }
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
