/** Starts the engine. Its builds are the same code compiled for different processors; `build.ts` chooses one. */

// All glue is imported outright: it is small beside the engine, and some bundlers can't split a worker's code.
import * as simd128 from "../wasm/tabrank.js";
import * as relaxedSimd from "../wasm/tabrank_relaxed.js";
import { aborted, EngineUnavailableError } from "./errors.js";
import { platform } from "./platform.js";
import type { Build } from "./types.js";

/** The functions around a wasm file, the same for all builds. */
type Glue = typeof simd128;

/** A build. */
interface Files {
  glue: Glue;
  wasm: URL;
}

/** The files of each build. Bundlers recognize this form of an address, and only this form, written out in one expression. */
const builds: Readonly<Record<Build, Files>> = {
  simd128: { glue: simd128, wasm: new URL("../wasm/tabrank_bg.wasm", import.meta.url) },
  "relaxed-simd": { glue: relaxedSimd, wasm: new URL("../wasm/tabrank_relaxed_bg.wasm", import.meta.url) },
};

/** The engine, running. */
export interface Running {
  glue: Glue;
  memory: WebAssembly.Memory;
}

/** Where a build's wasm file lies. */
export function wasmOf(build: Build): URL {
  return builds[build].wasm;
}

/** Fetches a wasm file and compiles it as it arrives. */
export async function compile(url: URL, signal: AbortSignal): Promise<WebAssembly.Module> {
  try {
    const response = await platform.fetch(url.href, { signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    // Servers that don't know the type of wasm files are common, and browsers insist on it for compiling as bytes arrive.
    const streamable = response.headers.get("content-type")?.trim() === "application/wasm";
    return await (streamable ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()));
  } catch (cause) {
    if (signal.aborted) throw aborted(signal);
    throw unavailable(url.href, cause);
  }
}

/** Starts a compiled engine, which came from `url`. */
export async function start(build: Build, module: WebAssembly.Module, url = wasmOf(build)): Promise<Running> {
  try {
    const { glue } = builds[build];
    const { memory } = await glue.default({ module_or_path: module });
    return { glue, memory };
  } catch (cause) {
    throw unavailable(url.href, cause);
  }
}

function unavailable(what: string, cause: unknown): EngineUnavailableError {
  return new EngineUnavailableError(
    `The engine ${what} could not be started (${String(cause)}). Check that the file is there and of this version and build, or ` +
      "set wasmUrl to where it is, and that the Content-Security-Policy has 'wasm-unsafe-eval' in script-src.",
    { cause },
  );
}
