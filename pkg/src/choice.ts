/** Models as callers name them, and where each is to be had. */

import { address, fileName } from "./address.js";
import { BadInputError } from "./errors.js";
import { findEntry } from "./manifest.js";
import type { LoadParams, ModelRequest } from "./protocol.js";
import type { LoadOptions, Manifest, ManifestEntry, ModelAddress, ModelChoice, ModelRepository, Quantization } from "./types.js";

/** A choice that only the manifest can tell more of: the id of a model in it, or none for its default. */
interface ByManifest {
  id: string | undefined;
}

const repositoryId = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;
const quantizations: readonly Quantization[] = ["Q8_0", "Q4_0", "F16", "F32"];

/** Both models of a ranker, as they are asked for. */
export type Requests = Pick<LoadParams, "biEncoder" | "crossEncoder">;

/** Both models, as far as they are known without a manifest. */
export interface Choices {
  biEncoder: ModelRequest | ByManifest | null;
  crossEncoder: ModelRequest | ByManifest;
}

/** Checks the options. */
export function choices({ biEncoder, crossEncoder }: Pick<LoadOptions, keyof Requests>, base: string | undefined): Choices {
  return { biEncoder: biEncoder === null ? null : requestOf(biEncoder, "biEncoder", base), crossEncoder: requestOf(crossEncoder, "crossEncoder", base) };
}

/** Where both models are to be had. The manifest is asked for only if one of them is of it. */
export async function requests({ biEncoder, crossEncoder }: Choices, manifest: () => Promise<Manifest>): Promise<Requests> {
  if ((biEncoder === null || "from" in biEncoder) && "from" in crossEncoder) return { biEncoder, crossEncoder };
  const known = await manifest();
  return {
    biEncoder: biEncoder && requestFrom(biEncoder, known, "bi-encoder"),
    crossEncoder: requestFrom(crossEncoder, known, "cross-encoder"),
  };
}

function requestOf(choice: ModelChoice | undefined, what: string, base: string | undefined): ModelRequest | ByManifest {
  if (choice === undefined) return { id: undefined };
  if (typeof choice === "string") {
    if (/\.gguf$/i.test(choice) || choice.includes(":")) return ofAddress({ url: choice }, what, base);
    if (repositoryId.test(choice)) return ofRepository({ repo: choice }, what);
    return choice.includes("/") ? ofAddress({ url: choice }, what, base) : { id: choice };
  }
  if (choice instanceof URL) return ofAddress({ url: choice }, what, base);
  if (choice instanceof ArrayBuffer || choice instanceof Uint8Array || choice instanceof Blob) {
    return { from: "bytes", id: (choice as Partial<File>).name ?? "bytes", bytes: choice };
  }
  if (typeof choice === "object" && choice !== null) {
    if ("url" in choice) return ofAddress(choice, what, base);
    if ("repo" in choice) return ofRepository(choice, what);
  }
  throw new BadInputError(`${what} must be an id, an address, a repository or the bytes of a model, but it is ${JSON.stringify(choice) ?? typeof choice}.`);
}

function requestFrom(choice: ModelRequest | ByManifest, manifest: Manifest, role: ManifestEntry["role"]): ModelRequest {
  if ("from" in choice) return choice;
  const { defaults } = manifest;
  const id = choice.id ?? (role === "bi-encoder" ? defaults.bi_encoder : defaults.cross_encoder);
  return { from: "manifest", id, entry: findEntry(manifest, id, role) };
}

function ofAddress({ url, sha256, id }: ModelAddress, what: string, base: string | undefined): ModelRequest {
  const absolute = address(url, what, base);
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new BadInputError(`${what}.sha256 must be a SHA-256 of 64 hexadecimal digits, but it is ${JSON.stringify(sha256)}.`);
  }
  const name = readable(fileName(absolute));
  return { from: "address", id: id ?? (name || absolute.href), url: absolute.href, sha256: sha256?.toLowerCase() ?? null };
}

function readable(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function ofRepository(choice: ModelRepository, what: string): ModelRequest {
  const { repo, revision = "main", quantization = "Q8_0", pooling, maxTokens, queryPrefix } = choice;
  if (typeof repo !== "string" || !repositoryId.test(repo)) {
    throw new BadInputError(`${what}.repo must be like "group/name", but it is ${JSON.stringify(repo)}.`);
  }
  if (!quantizations.includes(quantization)) {
    throw new BadInputError(`${what}.quantization must be one of ${JSON.stringify(quantizations)}, but it is ${JSON.stringify(quantization)}.`);
  }
  const extras = {
    ...(pooling === undefined ? {} : { pooling }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(queryPrefix === undefined ? {} : { query_prefix: queryPrefix }),
  };
  return { from: "repository", id: repo, repo, revision, quantization, extras };
}
