/** All kinds of exhibits, each loaded when a lesson needs it. A new one is a file in exhibits/ and an entry here. */

import type { AnyExhibit } from "./exhibit";

/** How to load a kind. */
export interface ExhibitKind {
  load(): Promise<AnyExhibit>;
  /** Height in rem that is kept free for it, so that the text below stays where it is: on wide screens and on narrow ones. */
  readonly room: readonly [wide: number, narrow: number];
}

/** The kinds, by the name that lessons call them. */
export const EXHIBITS: Readonly<Record<string, ExhibitKind>> = {
  trap: { load: () => import("./exhibits/trap").then(({ trap }) => trap), room: [48, 88] },
  words: { load: () => import("./exhibits/words").then(({ words }) => words), room: [65, 105] },
  traps: { load: () => import("./exhibits/traps").then(({ traps }) => traps), room: [73, 134] },
  logits: { load: () => import("./exhibits/logits").then(({ logits }) => logits), room: [42, 66] },
  quantized: { load: () => import("./exhibits/quantized").then(({ quantized }) => quantized), room: [52, 67] },
  costs: { load: () => import("./exhibits/costs").then(({ costs }) => costs), room: [54, 94] },
  planner: { load: () => import("./exhibits/planner").then(({ planner }) => planner), room: [58, 88] },
  cascade: { load: () => import("./exhibits/cascade").then(({ cascade }) => cascade), room: [80, 122] },
  verdict: { load: () => import("./exhibits/verdict").then(({ verdict }) => verdict), room: [56, 92] },
  pool: { load: () => import("./exhibits/pool").then(({ pool }) => pool), room: [61, 90] },
  stuck: { load: () => import("./exhibits/stuck").then(({ stuck }) => stuck), room: [50, 76] },
  retrievers: { load: () => import("./exhibits/retrievers").then(({ retrievers }) => retrievers), room: [58, 101] },
  weight: { load: () => import("./exhibits/weight").then(({ weight }) => weight), room: [55, 72] },
  rankings: { load: () => import("./exhibits/rankings").then(({ rankings }) => rankings), room: [44, 90] },
};
