/** A Vite plugin that puts models and corpus beside the page, in the dev server and in the built site alike. */

import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Plugin } from "vite";
import type { Manifest } from "tabrank";

const MANIFEST = "models/manifest.json";

const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".jsonl": "application/x-ndjson; charset=utf-8",
};

/**
 * Serves and copies `models/manifest.json`, the model files that are present, and the corpus with its prebuilt index.
 * `repository` is the folder that holds `models/` and `corpus/`.
 */
export function siteData(repository: string): Plugin {
  let outDir = "";
  return {
    name: "tabrank-site-data",
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname.slice(1));
        if (path === MANIFEST && existsSync(join(repository, MANIFEST))) {
          response.setHeader("Content-Type", "application/json");
          response.end(siteManifest(repository));
          return;
        }
        const file = siteFiles(repository).get(path);
        if (file === undefined) {
          next();
          return;
        }
        response.setHeader("Content-Type", typeOf(path));
        response.setHeader("Content-Length", statSync(file).size);
        createReadStream(file).pipe(response);
      });
    },
    async writeBundle() {
      for (const [path, file] of siteFiles(repository)) {
        const target = join(outDir, path);
        await mkdir(dirname(target), { recursive: true });
        await copyFile(file, target);
      }
      if (!existsSync(join(repository, MANIFEST))) {
        this.warn(`${MANIFEST} is missing: the site will find no models`);
        return;
      }
      await mkdir(join(outDir, "models"), { recursive: true });
      await writeFile(join(outDir, MANIFEST), siteManifest(repository));
    },
  };
}

/** Path on the site to file on disk, for everything but the manifest. */
function siteFiles(repository: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of ["models", "corpus"]) {
    for (const name of listing(join(repository, folder))) {
      if (name.endsWith(".gguf") || name.endsWith(".jsonl")) files.set(`${folder}/${name}`, join(repository, folder, name));
    }
  }
  const index = join(repository, "models", "index.safetensors");
  if (existsSync(index)) files.set("corpus/index.safetensors", index);
  return files;
}

/**
 * The manifest as the site serves it. A hub model that was converted on this machine has no size and hash in the
 * repository, because its file isn't kept there; the sidecar `<file>.sha256` that the converter left says them.
 */
function siteManifest(repository: string): string {
  const manifest = JSON.parse(readFileSync(join(repository, MANIFEST), "utf8")) as Manifest;
  for (const entry of manifest.models) {
    const file = join(repository, "models", entry.file);
    if (entry.sha256 !== null || !existsSync(file) || !existsSync(`${file}.sha256`)) continue;
    const digest = /^[0-9a-f]{64}/.exec(readFileSync(`${file}.sha256`, "utf8").trim())?.[0];
    if (digest === undefined) throw new Error(`${basename(file)}.sha256 holds no SHA-256 in hexadecimal; convert the model again`);
    entry.bytes = statSync(file).size;
    entry.sha256 = digest;
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function listing(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function typeOf(path: string): string {
  return TYPES[path.slice(path.lastIndexOf("."))] ?? "application/octet-stream";
}
