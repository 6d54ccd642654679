// Where things are.

import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const bench = fileURLToPath(new URL("..", import.meta.url));
export const repository = fileURLToPath(new URL("../..", import.meta.url));
/** Everything that is generated. */
export const output = path.join(repository, "target/bench");
export const site = path.join(output, "site");

/** @param {string} file @returns {any} */
export const json = (file) => JSON.parse(readFileSync(file, "utf8"));
