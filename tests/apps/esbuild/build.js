// esbuild doesn't follow `new URL("...", import.meta.url)`: the worker is an entry of its own, and the wasm files lie beside it.
import { build } from "esbuild";
import { cpSync } from "node:fs";

const options = { bundle: true, format: "esm", minify: true, outdir: "dist" };
await build({ ...options, entryPoints: ["main.js"] });
await build({ ...options, entryPoints: { worker: "tabrank/worker" } });
cpSync("node_modules/tabrank/wasm", "wasm", { recursive: true, filter: (path) => !path.endsWith(".ts") && !path.endsWith(".js") });
