/** What exhibits compute with. The page makes one of its models in use; Node makes one for recording. */

import type { Manifest, Ranker } from "tabrank";
import type { Evaluator } from "tabrank/evaluate";
import type { Corpus } from "../corpus";
import type { Recorded } from "./recorded";

/** Models and library, as exhibits have them. */
export interface Lab {
  /** The library and its labelled questions. */
  readonly corpus: Corpus;
  /** Which models could be loaded. */
  readonly manifest: Manifest;
  /**
   * The models in use, with the library as indexed documents; resolves as soon as they are there. Not the exhibit's to dispose of,
   * and not to be kept: the reader may choose others.
   *
   * @throws what went wrong, if they can't be loaded.
   */
  ranker(signal?: AbortSignal): Promise<Ranker>;
  /**
   * Another cross-encoder of the manifest, without a bi-encoder. One is kept: asking for a second ends the first. The one in use is
   * given as it is.
   */
  reranker(model: string, signal?: AbortSignal): Promise<Ranker>;
  /** Words, fusion and metrics, for which no model is needed. Not the exhibit's to dispose of, and its index of words is whatever was
   * indexed last. */
  evaluator(signal?: AbortSignal): Promise<Evaluator>;
  /** The recorded run of an exhibit, by its lesson and its number in it; undefined where nothing is recorded. */
  recorded(lesson: string, exhibit: number): Promise<Recorded | undefined>;
}
