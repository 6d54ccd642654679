/** Two strips of ranks, the first stage's above and the one after reranking below, with the pool's border across both. */

import { MARKS } from "../../../labels";
import { svg } from "../../../view/dom";
import type { Placed } from "./findings";

/** What is drawn. */
export interface Strips {
  readonly places: readonly Placed[];
  readonly pool: number;
  /** The whole in words, for those who don't see it. */
  readonly words: string;
}

const CELL = 30;
const TOP = 40;
const GAP = 92;
const HEIGHT = TOP + 2 * CELL + GAP + 26;
const SIDE = 2;
/** Least width of a cell that has room for a sign. */
const SIGN = 10;
const TICKS = [1, 10, 20, 30, 40, 50];

/** Which rank lies at a distance from the left edge; within the ranks always. */
export function rankAt(left: number, width: number, ranks: number): number {
  return Math.max(1, Math.min(ranks, Math.ceil((left - SIDE) / cellWidth(width, ranks))));
}

/** Which border lies nearest to a distance from the left edge: the pool whose last cell ends there. */
export function borderAt(left: number, width: number, ranks: number): number {
  return Math.max(1, Math.min(ranks, Math.round((left - SIDE) / cellWidth(width, ranks))));
}

function cellWidth(width: number, ranks: number): number {
  return (width - 2 * SIDE) / Math.max(1, ranks);
}

/** Draws the strips. */
export function drawStrips({ places, pool, words }: Strips, width: number): SVGSVGElement {
  const cell = cellWidth(width, places.length);
  const middle = (rank: number): number => SIDE + (rank - 0.5) * cell;
  const lower = TOP + CELL + GAP;
  const border = SIDE + pool * cell;
  const drawing = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words });
  // The answers last, so that nothing lies over them.
  const shown = [...places].sort((a, b) => ORDER.indexOf(a.mark) - ORDER.indexOf(b.mark));
  const links = shown
    .filter(({ mark, read }) => read && mark !== "off")
    .map(({ mark, before, after }) => {
      const [from, to, y1, y2] = [middle(before), middle(after), TOP + CELL, lower];
      const bend = (y2 - y1) / 2;
      return svg("path", { class: `link ${mark}`, d: `M${from},${y1}C${from},${y1 + bend} ${to},${y2 - bend} ${to},${y2}` });
    });
  const one = ({ mark, read }: Placed, rank: number, top: number): SVGElement => {
    const group = svg("g", { class: `cell ${mark}${read ? "" : " unread"}` });
    // What answers is taller, too: where cells are narrow there is no room for signs.
    const more = mark === "answers" ? 6 : 0;
    group.append(svg("rect", { x: SIDE + (rank - 1) * cell + 0.5, y: top - more, width: Math.max(1, cell - 1), height: CELL + 2 * more }));
    if (mark !== "off" && cell >= SIGN) {
      const sign = svg("text", { x: middle(rank), y: top + CELL / 2, "text-anchor": "middle", "dominant-baseline": "central", "font-size": Math.min(14, cell) });
      sign.textContent = MARKS[mark].sign;
      group.append(sign);
    }
    return group;
  };
  const ticks = TICKS.filter((rank) => rank <= places.length).map((rank) => label(middle(rank), HEIGHT - 4, String(rank), cell >= SIGN || (rank > 1 && rank < places.length) ? "middle" : rank === 1 ? "start" : "end"));
  const outside = width - SIDE - border;
  drawing.append(
    ...links,
    ...shown.map((candidate) => one(candidate, candidate.before, TOP)),
    ...shown.map((candidate) => one(candidate, candidate.after, lower)),
    ...ticks,
    svg("rect", { class: "unread-veil", x: border, y: TOP + CELL, width: Math.max(0, outside), height: GAP }),
    svg("line", { class: "border", x1: border, x2: border, y1: 20, y2: lower + CELL + 6 }),
    svg("rect", { class: "grip", x: border - 7, y: TOP + CELL + GAP / 2 - 16, width: 14, height: 32, rx: 7 }),
    label(border, 14, `pool ${pool}`, border < 40 ? "start" : border > width - 40 ? "end" : "middle"),
  );
  return drawing;
}

const ORDER = ["off", "near-miss", "answers"] as const;

function label(x: number, y: number, words: string, anchor: "start" | "middle" | "end"): SVGElement {
  const text = svg("text", { class: "tick", x, y, "text-anchor": anchor });
  text.textContent = words;
  return text;
}
