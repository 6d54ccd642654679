/** Starts the engine. Its builds are the same code compiled for different browsers; this is where one is chosen. */

import type * as Glue from "../wasm/tabrank.js";
import { aborted, EngineUnavailableError } from "./errors.js";
import type { Build } from "./types.js";

/** A build's files. */
interface Files {
  wasm: URL;
  glue(): Promise<typeof Glue>;
}

// Bundlers recognize these two forms, and only these, each written out in one expression.
const simd128: Files = {
  wasm: new URL("../wasm/tabrank_bg.wasm", import.meta.url),
  glue: () => import("../wasm/tabrank.js"),
};

/** The files of each build. Until there is one with relaxed SIMD, every browser gets the same. */
const files: Readonly<Record<Build, Files>> = { simd128, "relaxed-simd": simd128 };

/** The engine, running. */
export interface Running {
  glue: typeof Glue;
  memory: WebAssembly.Memory;
}

/** The build for this browser: so far there is one for all. */
export function chooseBuild(): Build {
  return "simd128";
}

/** Where a build's wasm file lies. */
export function wasmOf(build: Build): URL {
  return files[build].wasm;
}

/** Fetches the wasm file and compiles it, the former while the latter. */
export async function compile(url: URL, signal: AbortSignal): Promise<WebAssembly.Module> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    // Servers that don't know the type of wasm files are common, and browsers insist on it for compiling as bytes arrive.
    const streamable = response.headers.get("content-type")?.trim() === "application/wasm";
    return await (streamable ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()));
  } catch (cause) {
    if (signal.aborted) throw aborted(signal);
    throw unavailable(url.href, cause);
  }
}

/** Starts a compiled engine. */
export async function start(build: Build, module: WebAssembly.Module): Promise<Running> {
  try {
    const glue = await files[build].glue();
    const { memory } = await glue.default({ module_or_path: module });
    return { glue, memory };
  } catch (cause) {
    throw unavailable(files[build].wasm.href, cause);
  }
}

function unavailable(what: string, cause: unknown): EngineUnavailableError {
  return new EngineUnavailableError(
    `The engine ${what} could not be started (${String(cause)}). Check that the file is there, or set wasmUrl ` +
      "to where it is, and that the Content-Security-Policy has 'wasm-unsafe-eval' in script-src.",
    { cause },
  );
}
