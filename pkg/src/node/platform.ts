/** What Node has in the place of what a page has. */

import { availableParallelism, totalmem } from "node:os";
import { pathToFileURL } from "node:url";
import type { Platform } from "../platform.js";
import { cacheFolder, FolderCaches } from "./cache.js";
import { fetchAnything } from "./files.js";

/** Node. */
export const node: Platform = {
  base: () => `${pathToFileURL(process.cwd()).href}/`,
  fetch: fetchAnything,
  caches: () => new FolderCaches(cacheFolder()),
  machine: () => ({ cores: availableParallelism(), memory: totalmem() / 2 ** 30 }),
};
