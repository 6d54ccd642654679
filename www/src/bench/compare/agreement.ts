/** How far two set-ups agree: on an order, and on logits. Pure. */

/** A passage with its logit, in the order of a ranking. */
export interface Ranked {
  readonly id: string;
  readonly logit: number;
}

/** One question's ranking of the whole pool. */
export interface Answer {
  readonly query: string;
  readonly ranking: readonly Ranked[];
}

/**
 * Kendall's tau of two rankings over what both hold: 1 for the same order, -1 for the reverse. Undefined where fewer than two passages
 * are in both. Rankings have no ties, as equal logits are told apart by the first stage.
 */
export function kendall(one: readonly Ranked[], other: readonly Ranked[]): { readonly tau: number; readonly shared: number } | undefined {
  const places = new Map(other.map(({ id }, place) => [id, place]));
  const order = one.flatMap(({ id }) => places.get(id) ?? []);
  const pairs = (order.length * (order.length - 1)) / 2;
  if (pairs === 0) return undefined;
  let apart = 0;
  order.forEach((place, i) => {
    for (let j = i + 1; j < order.length; j += 1) if ((order[j] ?? 0) < place) apart += 1;
  });
  return { tau: 1 - (2 * apart) / pairs, shared: order.length };
}

/** What two set-ups' answers to the same questions have in common. */
export interface Agreement {
  /** The mean over the questions of Kendall's tau; undefined where no question's pools have two passages in common. */
  readonly tau: number | undefined;
  /** Pairs of question and passage that both have read. */
  readonly pairs: number;
  /** The largest difference of logits of such a pair; undefined where there is none. */
  readonly difference: number | undefined;
}

/** Compares answers to the same questions, in the same order. */
export function agreement(first: readonly Answer[], then: readonly Answer[]): Agreement {
  const taus: number[] = [];
  let pairs = 0;
  let difference: number | undefined;
  first.forEach(({ ranking }, i) => {
    const other = then[i]?.ranking ?? [];
    const found = kendall(ranking, other);
    if (found !== undefined) taus.push(found.tau);
    const logits = new Map(other.map(({ id, logit }) => [id, logit]));
    for (const { id, logit } of ranking) {
      const against = logits.get(id);
      if (against === undefined) continue;
      pairs += 1;
      difference = Math.max(difference ?? 0, Math.abs(logit - against));
    }
  });
  return { tau: taus.length === 0 ? undefined : taus.reduce((sum, tau) => sum + tau, 0) / taus.length, pairs, difference };
}
