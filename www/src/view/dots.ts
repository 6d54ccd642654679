/** Dots of a chart that are links, laid over its drawing: each says what it is when it is pointed at or focused. */

import type { Plot } from "@observablehq/plot";
import "../style/dots.css";
import { h } from "./dom";
import { makePointable } from "./pointing";

/** A dot. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  /** Where it leads; nowhere if absent. */
  readonly href?: string | undefined;
  /** What it stands for, with its numbers. */
  readonly label: string;
  /** Its look, as a class. */
  readonly look: string;
}

/** Where dots are laid. */
export interface DotLayer {
  /** A plot with linear scales x and y. */
  readonly drawing: Element & Pick<Plot, "scale">;
  readonly dots: readonly Dot[];
  /** Name of all of them together. */
  readonly label: string;
  /** Called with the position of the dot that is pointed at or focused. */
  readonly onPoint: (position: number | undefined) => void;
}

/** A pointer means the nearest dot, but none that is farther than this from it, in pixels. */
const REACH = 24;

/** The drawing with its dots. */
export function withDots({ drawing, dots, label, onPoint }: DotLayer): HTMLElement {
  const [x, y] = [drawing.scale("x"), drawing.scale("y")];
  const places = dots.map((dot): [number, number] => [Number(x?.apply(dot.x)), Number(y?.apply(dot.y))]);
  const links = dots.map(({ href, label: name, look }, i) => {
    const link = h("a", { class: look, href: href ?? undefined, role: href === undefined ? "img" : undefined, "aria-label": name });
    link.style.setProperty("--x", `${places[i]?.[0] ?? 0}px`);
    link.style.setProperty("--y", `${places[i]?.[1] ?? 0}px`);
    return link;
  });
  const layer = h("div", { class: "dots", role: "group", "aria-label": `${label}; arrow keys go from one to the next` }, ...links);
  const root = h("div", { class: "with-dots" });
  root.append(drawing, layer);
  makePointable({
    root,
    links,
    onPoint,
    at: ({ clientX, clientY }) => {
      const { left, top } = root.getBoundingClientRect();
      return nearest(places, clientX - left, clientY - top);
    },
  });
  return root;
}

/** The place nearest to a point; undefined where all are out of reach. */
export function nearest(places: readonly (readonly [number, number])[], x: number, y: number): number | undefined {
  let [best, least] = [-1, REACH];
  places.forEach(([px, py], i) => {
    const distance = Math.hypot(px - x, py - y);
    if (distance <= least) [best, least] = [i, distance];
  });
  return best < 0 ? undefined : best;
}
