/** How far 8-bit logits are from floats. Pure, so that it can be tested. */

import { decimal } from "../../../view/dom";
import type { QuantizedPair } from "../quantized";
import { grouped } from "../../../numbers";

/** What the project's tests allow over all reference pairs on the CPU (tests/parity.rs). */
export const BOUNDS = { most: 0.15, mean: 0.05 } as const;

/** How far two scores of the same pairs are apart. */
export interface Parting {
  readonly pairs: number;
  readonly most: number;
  readonly mean: number;
  /** Agreement of the two orders: 1 if they are the same, −1 if the one is the other reversed. */
  readonly tau: number;
  /** Pairs of pairs that stand the other way round. */
  readonly swapped: number;
}

/** How far 8-bit logits are from floats. Kendall's tau counts a tie in one of the orders as neither agreement nor swap. */
export function partingOf(pairs: readonly QuantizedPair[]): Parting {
  const differences = pairs.map(differenceOf).map(Math.abs);
  let [agreement, swapped] = [0, 0];
  pairs.forEach((a, i) => {
    for (const b of pairs.slice(0, i)) {
      const sign = Math.sign(a.float - b.float) * Math.sign(a.eight - b.eight);
      agreement += sign;
      if (sign < 0) swapped += 1;
    }
  });
  const all = (pairs.length * (pairs.length - 1)) / 2;
  return {
    pairs: pairs.length,
    most: Math.max(0, ...differences),
    mean: differences.reduce((sum, one) => sum + one, 0) / Math.max(1, pairs.length),
    tau: all === 0 ? 1 : agreement / all,
    swapped,
  };
}

/** The 8-bit logit less the float. */
export function differenceOf({ float, eight }: QuantizedPair): number {
  return eight - float;
}

/** The same in words. */
export function partingText(pairs: readonly QuantizedPair[]): string {
  const { most, mean, tau, swapped } = partingOf(pairs);
  const floats = pairs.map(({ float }) => float);
  const range = `${decimal(Math.min(...floats), 1)} to ${decimal(Math.max(...floats), 1)}`;
  const all = (pairs.length * (pairs.length - 1)) / 2;
  return (
    `Over ${pairs.length} pairs with logits from ${range}, 8 bits move a logit by ${decimal(mean, 3)} on average and by ${decimal(most, 3)} at most. ` +
    `Kendall’s tau of the two orders is ${decimal(tau, 3)}: of ${grouped(all)} pairs of scores ${swapped} ${swapped === 1 ? "stands" : "stand"} the other way round.`
  );
}

/** Whether this run is within what the tests allow. */
export function boundsText(pairs: readonly QuantizedPair[]): string {
  const { most, mean } = partingOf(pairs);
  const within = most <= BOUNDS.most && mean <= BOUNDS.mean;
  return `The dashed lines are what the project’s tests allow on the CPU: ${BOUNDS.most} at most and ${BOUNDS.mean} on average. This run ${within ? "keeps within" : "does not keep within"} both.`;
}
