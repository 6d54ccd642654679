/** The lab of a tab: the models in use, with the library of this page whichever is in use, and one more cross-encoder to compare. */

import { load, type Ranker } from "tabrank";
import { openEvaluator, type Evaluator } from "tabrank/evaluate";
import { lessons } from "virtual:lessons";
import type { Library } from "../app";
import { untilAborted } from "../measuring/abort";
import { beside } from "../session";
import type { Lab } from "./lab";

/** Another cross-encoder, on its way or in use. */
interface Extra {
  readonly model: string;
  readonly ranker: Promise<Ranker>;
  readonly end: AbortController;
}

/** Makes the lab of this tab. */
export function tabLab({ corpus, manifest, session }: Library): Lab {
  let extra: Extra | undefined;
  let evaluator: Promise<Evaluator> | undefined;

  const drop = (): void => {
    const { ranker, end } = extra ?? {};
    extra = undefined;
    end?.abort();
    ranker?.then((one) => one.dispose()).catch(() => undefined);
  };

  const another = (model: string): Promise<Ranker> => {
    if (extra?.model === model) return extra.ranker;
    drop();
    const end = new AbortController();
    const ranker = load({ biEncoder: null, crossEncoder: model, modelsUrl: beside("models/"), scoreCache: 50_000, signal: end.signal });
    extra = { model, ranker, end };
    // One that could not be had is asked for again next time.
    ranker.catch(() => {
      if (extra?.ranker === ranker) extra = undefined;
    });
    return ranker;
  };

  return {
    corpus,
    manifest,
    ranker: (signal) => session.ranker({ signal }),
    async reranker(model, signal) {
      const ranker = await session.models(signal);
      return ranker.info().crossEncoder.id === model ? ranker : untilAborted(another(model), signal);
    },
    evaluator(signal) {
      evaluator ??= openEvaluator();
      const opening = evaluator;
      // One that could not be had is asked for again next time.
      opening.catch(() => {
        if (evaluator === opening) evaluator = undefined;
      });
      return untilAborted(opening, signal);
    },
    async recorded(lesson, exhibit) {
      const entry = lessons.find(({ slug }) => slug === lesson);
      return (await entry?.load())?.exhibits[exhibit - 1]?.recorded?.();
    },
  };
}
