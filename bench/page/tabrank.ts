/** tabrank by its public interface. */

import { load, type LoadOptions } from "tabrank";
import type { Engine, Setup } from "./engine.ts";

/** Time that further workers have to get ready. */
const PATIENCE_MS = 60_000;

export async function tabrank({ crossEncoder, biEncoder, workers, device, scoreCache }: Setup): Promise<Engine> {
  // A package from before an option existed passes over it.
  const options: LoadOptions & { workers: number; scoreCache?: number } = {
    modelsUrl: "models/tabrank/",
    biEncoder,
    crossEncoder,
    cache: false,
    workers,
    device,
    ...(scoreCache === undefined ? {} : { scoreCache }),
  };
  const ranker = await load(options);
  const info = async () => ({ ...(await ranker.info()) }) as Record<string, unknown>;
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { workers: ready } = await info();
    if (ready === undefined || (ready as number) >= workers) break;
    if (performance.now() > until) throw new Error(`tabrank has ${String(ready)} workers of ${workers} after ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    async rerank(query, texts) {
      const logits = new Array<number>(texts.length);
      for (const { index, logit } of (await ranker.rerank({ query, documents: texts })).results) logits[index] = logit;
      return logits;
    },
    embed: (texts) => ranker.embed(texts, { kind: "document" }),
    tokens: () => Promise.resolve(null),
    info,
    dispose: () => ranker.dispose(),
  };
}
