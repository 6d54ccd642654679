/** `tabrank/evaluate` in Node. */

import { runOn } from "../platform.js";
import { spawnBy } from "../spawn.js";
import { node } from "./platform.js";
import { startThread } from "./thread.js";

runOn(node);
spawnBy({ insist: () => {}, start: startThread });

export * from "../evaluate/index.js";
