import { describe, expect, test } from "vitest";
import { deal } from "../src/parcels.js";

/** The same numbers on every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** When the last of the workers is done, if one takes the next parcel whenever it is idle; `speeds` in tokens per unit. */
function finish(costs: readonly number[], speeds: readonly number[]): number {
  const free = speeds.map(() => 0);
  for (const parcel of deal(costs, speeds.length)) {
    const next = free.indexOf(Math.min(...free));
    const cost = parcel.reduce((sum, position) => sum + (costs[position] ?? 0), 0);
    free[next] = (free[next] ?? 0) + cost / (speeds[next] ?? 1);
  }
  return Math.max(...free);
}

describe("dealing", () => {
  test.each([1, 2, 3, 4, 7])("gives each passage to exactly one of the parcels: %i workers", (workers) => {
    const random = numbers(workers);
    for (const n of [0, 1, 2, 5, 50, 333]) {
      const costs = Array.from({ length: n }, () => Math.ceil(random() * 512));
      const parcels = deal(costs, workers);
      expect(parcels.flat().sort((a, b) => a - b)).toEqual([...costs.keys()]);
      expect(parcels.every((parcel) => parcel.length > 0)).toBe(true);
    }
  });

  test("puts at most 384 tokens, or one passage, into a parcel that is shared, and fewer towards the end", () => {
    const tokens = (parcels: readonly (readonly number[])[]) => parcels.map((parcel) => parcel.length * 50);
    expect(tokens(deal(Array<number>(50).fill(50), 2))).toEqual([350, 350, 350, 350, 250, 200, 150, 100, 100, 100, 100, 100]);
    expect(deal([500, 100, 400, 100, 20, 300, 10, 5], 2).slice(0, 3)).toEqual([[0], [2], [5]]);
  });

  test("gives every worker something where there is little to do", () => {
    expect(deal([60, 60], 2)).toEqual([[0], [1]]);
    expect(deal([60, 60, 60, 60], 4)).toHaveLength(4);
    expect(deal([60], 4)).toEqual([[0]]);
  });

  test("leaves the order alone, and the parcels large, for one worker", () => {
    expect(deal([100, 500, 400, 300], 1)).toEqual([[0, 1, 2], [3]]);
  });

  test("lets workers finish at about one time, also where one is three times slower", () => {
    const random = numbers(42);
    const costs = Array.from({ length: 50 }, () => 40 + Math.ceil(random() * 200));
    const total = costs.reduce((sum, cost) => sum + cost, 0);
    for (const speeds of [[1, 1], [1, 1, 1], [1, 1, 1, 1], [3, 1], [3, 3, 1, 1]]) {
      const ideal = total / speeds.reduce((sum, speed) => sum + speed, 0);
      expect(finish(costs, speeds) / ideal).toBeLessThan(1.15);
    }
  });
});
