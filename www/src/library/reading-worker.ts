/** The worker that reads files: see `reading.ts`. */

import type { Answer, Order } from "./reading";
import { read } from "./read";

/** Passages that are handed over at a time: copying more would hold up the page. */
const BATCH = 250;

const scope = globalThis as unknown as { onmessage: ((event: MessageEvent<Order>) => void) | null; postMessage(message: Answer): void };

scope.onmessage = ({ data: { sources, taken } }) => {
  void work(sources, taken);
};

async function work(sources: Order["sources"], taken: Order["taken"]): Promise<void> {
  try {
    const { files, failures } = await read(sources, {
      taken,
      onProgress: (done, total) => scope.postMessage({ kind: "progress", done, total }),
      onPassages: (passages) => {
        for (let at = 0; at < passages.length; at += BATCH)
          scope.postMessage({ kind: "passages", passages: passages.slice(at, at + BATCH) });
      },
    });
    const wire = failures.map(({ code, file, message, line }) => ({ code, file, message, line }));
    scope.postMessage({ kind: "end", files, failures: wire });
  } catch (error) {
    scope.postMessage({ kind: "broken", reason: error instanceof Error ? error.message : String(error) });
  }
}
