// What was measured, and on what.

import { execFileSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { bench, json, repository } from "./places.mjs";
import { round } from "./statistics.mjs";

/** @param {import("playwright-core").Browser} browser */
export function machine(browser) {
  return {
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    memory_gib: round(os.totalmem() / 2 ** 30, 1),
    // Of the minute before the run: what else the machine was doing.
    load: round(os.loadavg()[0] ?? 0, 2),
    browser: `Chromium ${browser.version()}`,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
  };
}

export function versions() {
  /** @param {string} folder */
  const installed = (folder) => json(path.join(bench, "node_modules", folder, "package.json")).version;
  return {
    tabrank: json(path.join(repository, "pkg/package.json")).version,
    commit: commit(),
    "transformers.js": installed("@huggingface/transformers"),
    "onnxruntime-web": installed("onnxruntime-web"),
    node: process.version,
  };
}

function commit() {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { cwd: repository, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null; // an unpacked archive
  }
}
