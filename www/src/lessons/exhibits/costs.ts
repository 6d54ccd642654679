/**
 * The two ways of reading, step by step: what of each can be done before a question is asked, and what each step costs on this device.
 * There is nothing to set.
 */

import { costsOf, LENGTHS, type Costs } from "../../measuring/costs";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { CostsShowing } from "./costs/showing";

/** What is measured; there is nothing to set. */
export interface CostsInput {
  /** Words of the passages. */
  readonly lengths: readonly number[];
}

/** The exhibit. */
export const costs: Exhibit<CostsInput, CostsInput, Costs> = {
  start(settings: Settings): CostsInput {
    settings.end();
    return { lengths: LENGTHS };
  },

  restore: (start) => start,

  keep: () => ({}),

  input: (state) => state,

  compute,

  show: (stage: Stage<CostsInput>) => new CostsShowing(stage),
};

async function compute(lab: Lab, _input: CostsInput, { signal, onProgress, ran }: ComputeOptions): Promise<Costs> {
  const measured = await costsOf(await lab.ranker(signal), lab.corpus, { signal, onProgress });
  ran(measured.device);
  return measured;
}
