/** How work is cut up for several workers. */

/** Positions of passages that are scored together. */
export type Parcel = readonly number[];

/** Tokens in a parcel where several workers share the work, at most: the engine is quickest with so many at a time. */
const sharedParcel = 384;

/** And at least, towards the end, where parcels become smaller so that all workers finish at about one time. */
const lastParcel = 128;

/** Tokens in a parcel where one worker does it all, and only has to deliver now and then. */
const loneParcel = 1024;

/**
 * Deals passages of the given numbers of tokens. Workers take one parcel after the other as they become idle, so a slow
 * one simply takes fewer.
 */
export function deal(costs: readonly number[], workers: number): Parcel[] {
  if (workers <= 1) return inOrder(costs, loneParcel);
  const fairShare = (rest: number) => Math.ceil(rest / workers);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  return longestFirst(costs, (taken) =>
    Math.min(sharedParcel, fairShare(total), Math.max(lastParcel, fairShare(total - taken) >> 1)),
  );
}

/** Roughly the tokens of a pair, of which no model reads more than some hundreds. */
export function roughTokens(query: string, passage: string): number {
  return Math.min((query.length + passage.length) >> 2, 512);
}

/**
 * Cuts work into parcels of at most `budget(tokens before)` tokens, or of one passage that is longer. The longest passages
 * come first: towards the end, when some workers have nothing left to take, the others have little left to do.
 */
export function longestFirst(costs: readonly number[], budget: (taken: number) => number): Parcel[] {
  const positions = Array.from(costs, (_, position) => position);
  positions.sort((a, b) => (costs[b] ?? 0) - (costs[a] ?? 0));
  return cut(positions, costs, budget);
}

/** Cuts work in the order in which it comes: best for one worker, as the likeliest results are then there first. */
export function inOrder(costs: readonly number[], budget: number): Parcel[] {
  return cut(Array.from(costs, (_, position) => position), costs, () => budget);
}

function cut(positions: readonly number[], costs: readonly number[], budget: (taken: number) => number): Parcel[] {
  const parcels: number[][] = [];
  let room = 0;
  let taken = 0;
  for (const position of positions) {
    const cost = costs[position] ?? 0;
    const last = parcels.at(-1);
    if (last && cost <= room) {
      last.push(position);
      room -= cost;
    } else {
      parcels.push([position]);
      room = budget(taken) - cost;
    }
    taken += cost;
  }
  return parcels;
}
