/** What all files of tests share. */

import type { TestProject } from "vitest/node";
import { pack } from "./app";

declare module "vitest" {
  interface ProvidedContext {
    /** The package as npm packs it. */
    tarball: string;
  }
}

export default async function setup({ provide }: TestProject): Promise<void> {
  provide("tarball", await pack());
}
