/**
 * tabrank in Node: the same interface, with threads as workers and models kept in a folder. Relative addresses are relative to the
 * working directory. Importing this does nothing but say so.
 */

import { runOn } from "../platform.js";
import { node } from "./platform.js";

runOn(node);

export * from "../index.js";
