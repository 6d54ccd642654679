/** What the planner can be set to. */

import type { OwnCosts } from "./arithmetic";

/** What the sliders can be set to. */
export const STEPS = {
  documents: [1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7],
  perDocument: [1, 2, 3, 5, 10, 20],
  words: [20, 40, 60, 80, 100, 140, 180],
  pool: [1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200],
  /** Milliseconds. */
  budget: [50, 100, 200, 300, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4],
} as const satisfies Record<string, readonly number[]>;

/** A slider's name. */
export type Knob = keyof typeof STEPS;

/** What the exhibit is set to. */
export interface PlannerState extends Readonly<Record<Knob, number>> {
  /** Another machine's costs. */
  readonly own: OwnCosts;
}

/** A cost in milliseconds that can be reckoned with, else null. */
export function validCost(value: number | null): number | null {
  return value !== null && Number.isFinite(value) && value >= 0 && value <= 1e9 ? value : null;
}

/** Whether a slider has this value. */
export function isStep(knob: Knob, value: number): boolean {
  return (STEPS[knob] as readonly number[]).includes(value);
}
