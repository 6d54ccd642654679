/** `tabrank/evaluate` in Node. */

import "./run.js";

export * from "../evaluate/index.js";
