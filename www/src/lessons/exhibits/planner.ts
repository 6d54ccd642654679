/**
 * A pipeline planner: what both stages would cost with more documents, other candidates, another machine. Arithmetic on measured costs.
 *
 * Settings, each one of the values in planner/knobs.ts: `documents`, `perDocument` (passages in a document), `words` (in a passage), `pool`,
 * `budget` (milliseconds that a question may take).
 */

import { costsOf, LENGTHS, type Costs } from "../../measuring/costs";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import type { CostsInput } from "./costs";
import { NO_OWN, type OwnCosts } from "./planner/arithmetic";
import { isStep, STEPS, validCost, type Knob, type PlannerState } from "./planner/knobs";
import { PlannerShowing } from "./planner/showing";

/** The keys in an address. */
const KEYS: Readonly<Record<Knob, string>> = { documents: "n", perDocument: "per", words: "w", pool: "pool", budget: "ms" };
const OWN_KEYS: Readonly<Record<keyof OwnCosts, string>> = { question: "cq", passage: "cp", compare: "cv", pair: "cr" };

const KNOBS = Object.keys(KEYS) as Knob[];
const OWN = Object.keys(OWN_KEYS) as (keyof OwnCosts)[];

/** The exhibit. */
export const planner: Exhibit<PlannerState, CostsInput, Costs> = {
  start(settings: Settings): PlannerState {
    const knobs = Object.fromEntries(
      KNOBS.map((knob) => {
        const value = settings.number(knob);
        if (!isStep(knob, value)) throw new Error(`${knob} must be one of ${STEPS[knob].join(", ")}, but it is ${value}.`);
        return [knob, value];
      }),
    ) as Record<Knob, number>;
    settings.end();
    return { ...knobs, own: NO_OWN };
  },

  restore(start, kept) {
    const knobs = KNOBS.map((knob) => {
      const value = numberOf(kept.get(KEYS[knob]));
      return [knob, value !== null && isStep(knob, value) ? value : start[knob]];
    });
    const own = OWN.map((cost) => [cost, validCost(numberOf(kept.get(OWN_KEYS[cost])))]);
    return { ...(Object.fromEntries(knobs) as Record<Knob, number>), own: Object.fromEntries(own) as OwnCosts };
  },

  keep(state, start) {
    const knobs = KNOBS.flatMap((knob) => (state[knob] === start[knob] ? [] : [[KEYS[knob], String(state[knob])]]));
    const own = OWN.flatMap((cost) => (state.own[cost] === null ? [] : [[OWN_KEYS[cost], String(state.own[cost])]]));
    return Object.fromEntries([...knobs, ...own]) as Record<string, string>;
  },

  // Whatever is planned, it is planned with the same measurement.
  input: () => ({ lengths: LENGTHS }),

  compute,

  show: (stage: Stage<PlannerState>) => new PlannerShowing(stage),
};

async function compute(lab: Lab, _input: CostsInput, { signal, onProgress, ran }: ComputeOptions): Promise<Costs> {
  const measured = await costsOf(await lab.ranker(signal), lab.corpus, { signal, onProgress });
  ran(measured.device);
  return measured;
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || text.trim() === "" ? null : Number(text);
}
