/**
 * tabrank in Node: the same interface, with threads as workers and models kept in a folder. Relative addresses are relative to the
 * working directory. Importing this does nothing but say so.
 */

import { runOn } from "../platform.js";
import { spawnBy } from "../spawn.js";
import { node } from "./platform.js";
import { startThread } from "./thread.js";

runOn(node);
spawnBy({ insist: () => {}, start: startThread });

export * from "../index.js";
