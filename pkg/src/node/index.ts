/**
 * tabrank in Node: the same interface, with threads as workers and models kept in a folder. Relative addresses are relative to the
 * working directory.
 */

import "./run.js";

export * from "../index.js";
