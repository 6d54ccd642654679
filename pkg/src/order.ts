/** The order that scores give. */

/**
 * Positions of the logits, best first; equal ones stay as they were. Zero stands above minus zero, as in the engine's own
 * order, so that page and command line agree in every case.
 */
export function bestFirst(logits: readonly number[]): number[] {
  const value = (position: number) => logits[position] ?? Number.NEGATIVE_INFINITY;
  return Array.from(logits, (_, position) => position).sort((a, b) => descending(value(a), value(b)));
}

function descending(a: number, b: number): number {
  if (a !== b) return b > a ? 1 : -1;
  return Number(Object.is(a, -0)) - Number(Object.is(b, -0));
}
