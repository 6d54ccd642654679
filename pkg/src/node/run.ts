/** What Node has in the place of a browser's workers, stores and fetch. Importing this does nothing but say so. */

import { runOn } from "../platform.js";
import { spawnBy } from "../spawn.js";
import { node } from "./platform.js";
import { startThread } from "./thread.js";

runOn(node);
spawnBy({ insist: () => {}, start: startThread });
