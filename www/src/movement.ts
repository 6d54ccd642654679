/** How far the judge moved a passage. */

/** Where a passage went between the two rankings. */
export interface Move {
  readonly kind: "risen" | "fallen" | "same";
  /** Arrow and distance, such as "▲ 3". */
  readonly sign: string;
  /** The same in words. */
  readonly words: string;
}

/** The move from one rank to another. */
export function moveOf(previous: number, rank: number): Move {
  const distance = Math.abs(previous - rank);
  if (previous > rank) return { kind: "risen", sign: `▲ ${distance}`, words: `risen by ${distance}` };
  if (previous < rank) return { kind: "fallen", sign: `▼ ${distance}`, words: `fallen by ${distance}` };
  return { kind: "same", sign: "=", words: "same rank" };
}

/** A passage with its rank before and after. */
export interface Placed {
  readonly id: string;
  readonly rank: number;
  readonly previousRank: number;
}

/** One or two sentences on what the judge changed, for questions that nobody labelled. */
export function whatMoved(ranking: readonly Placed[], title: (id: string) => string): string {
  const winner = ranking[0];
  if (winner === undefined) return "The pool is empty, so nothing was ranked.";
  if (ranking.length === 1) return `The pool holds one passage, “${title(winner.id)}”; there is nothing to reorder.`;
  const moved = ranking.filter((entry) => entry.previousRank !== entry.rank).length;
  if (moved === 0) return "The cross-encoder left the whole pool in the bi-encoder’s order.";
  const elsewhere = `${moved} of ${ranking.length} passages changed rank.`;
  if (winner.previousRank === 1) return `Both put “${title(winner.id)}” first. ${elsewhere}`;
  const dethroned = ranking.find((entry) => entry.previousRank === 1);
  const fall = dethroned === undefined ? "" : `; “${title(dethroned.id)}”, first before, is now at ${dethroned.rank}`;
  return `The cross-encoder brought “${title(winner.id)}” from ${winner.previousRank} to 1${fall}. ${elsewhere}`;
}
