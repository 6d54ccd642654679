/** What it takes to get models, without an engine. */

import { createHash } from "node:crypto";
import { expect } from "vitest";
import { digestWith, HeapRoom, type Bytes } from "../src/room.js";
import { Store } from "../src/store.js";
import type { ConverterRoom, Supply } from "../src/supply.js";

/** SHA-256 in hexadecimal. */
export const hash = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

const digest = digestWith(async (bytes) => hash(bytes));

/** A supply of the models and the hub below an address; nothing waits for long. */
export async function makeSupply(url: URL, changes: Partial<Supply> = {}): Promise<Supply> {
  return {
    models: new URL("models/", url),
    hub: new URL("hub/", url),
    store: await Store.open(),
    digest,
    makeRoom: async (bytes) => new HeapRoom(bytes, digest),
    makeConverter: () => expect.unreachable("there is nothing to convert"),
    patience: { times: 2, pause: 5, stall: 1000 },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...changes,
  };
}

/** A converter that has something else do it, once all weights are there: it is given texts, weights and the rest. */
export function makeConverter(convert: (texts: unknown, weights: Bytes, extras: unknown) => Bytes): Supply["makeConverter"] {
  return async (texts, extras) => {
    const weights = new HeapRoom(0, digest);
    const room: ConverterRoom = {
      append: (part) => weights.append(part),
      sha256: () => weights.sha256(),
      free: () => weights.free(),
      finish: () => {
        const whole = new HeapRoom(0, digest);
        whole.append(convert(texts, weights.view(), extras));
        return whole;
      },
    };
    return room;
  };
}
