/** Types of the public interface: models. */

/** How weights are stored: in 8 or 4 bits with a scale for each 32 of them, or as floats. */
export type Quantization = "Q8_0" | "Q4_0" | "F16" | "F32";

/** A model file of one's own at some address. */
export interface ModelAddress {
  /** Of a GGUF file made by `tabrank convert`. */
  url: string | URL;
  /** Its SHA-256, in hexadecimal. With it the file is verified, and kept under its whole address; without it, it is taken as it
   * comes, each time. */
  sha256?: string | undefined;
  /** What it is called in `info()` and in replies. Default: the name of the file. */
  id?: string | undefined;
}

/** A checkpoint in a repository of the hub, which is converted in the worker while it arrives, and kept as converted. */
export interface ModelRepository {
  /** "group/name". */
  repo: string;
  /** A branch, a tag or a commit. Default "main", whatever that is on the day when it is first loaded with a connection. */
  revision?: string | undefined;
  /** Default "Q8_0". */
  quantization?: Quantization | undefined;
  /** Of a bi-encoder, where the repository doesn't say. */
  pooling?: "mean" | "cls" | undefined;
  /** Longest input in tokens, where it should be less than what the repository says. */
  maxTokens?: number | undefined;
  /** What a bi-encoder wants before a query, where the repository doesn't say. */
  queryPrefix?: string | undefined;
}

/**
 * A model: the id of one in the manifest; "group/name", a repository of the hub; the address of a GGUF file; or its bytes. A string
 * that looks like an address (with a scheme, with more than one slash or one at its start, or ending in .gguf) is taken for one.
 */
export type ModelChoice = string | URL | ModelAddress | ModelRepository | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob;

/** An entry of models/manifest.json. */
export interface ManifestEntry {
  id: string;
  role: "bi-encoder" | "cross-encoder";
  /** One line for people. */
  description: string;
  licence: string;
  /** GGUF file, relative to the manifest. */
  file: string;
  /** Of the GGUF file; null where it was never made here: then the model is converted from its origin in the worker. */
  bytes: number | null;
  sha256: string | null;
  quantization: Quantization;
  architecture: "bert";
  pooling: "mean" | "cls" | null;
  head: "classifier" | "segment-cosine" | "gated-late-interaction" | null;
  activation: "identity";
  max_tokens: number;
  query_prefix?: string;
  /** Parts that the file has in common with another model's file of this SHA-256: `at` in this one, `there` in that one. Who loads
   * both fetches them once. */
  shared?: { with: string; sha256: string; parts: { at: number; there: number; bytes: number }[] };
  /** Where the original weights are; absent for our own model. */
  origin?: Origin;
}

/** Where the original weights of a model are. */
export interface Origin {
  /** Files that `tabrank convert` reads, each with its place on the hub. A file without a SHA-256 can't be verified
   * and so isn't fetched. */
  files: { name: string; repo: string; revision: string; bytes: number | null; sha256: string | null }[];
}

/** models/manifest.json: which models there are. */
export interface Manifest {
  defaults: { bi_encoder: string; cross_encoder: string };
  models: ManifestEntry[];
}

/** A loaded model. */
export interface ModelInfo {
  id: string;
  role: "bi-encoder" | "cross-encoder";
  /** SHA-256 of the file in use, in hexadecimal. */
  sha256: string;
  bytes: number;
  layers: number;
  width: number;
  maxTokens: number;
  /** `classifier`, `segment-cosine` or `gated-late-interaction` for a cross-encoder, `mean` or `cls` for a bi-encoder. */
  head: string;
}
