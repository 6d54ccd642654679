/** The curves between the columns: one for each passage of the judge's ranking, from its first rank to its new one. */

import { moveOf, type Placed } from "../movement";
import { prefersStillness, svg } from "./dom";

/** Draws the curves and keeps them in place when the columns change their height. */
export class Links {
  readonly #svg: SVGSVGElement;
  readonly #scout: HTMLElement;
  readonly #judge: HTMLElement;
  #ranking: readonly Placed[] = [];
  #frame = 0;

  constructor(drawing: SVGSVGElement, scout: HTMLElement, judge: HTMLElement) {
    this.#svg = drawing;
    this.#scout = scout;
    this.#judge = judge;
    const observer = new ResizeObserver(() => this.redraw());
    for (const element of [drawing, scout, judge]) observer.observe(element);
  }

  /** Joins the entries of this ranking. */
  show(ranking: readonly Placed[]): void {
    this.#ranking = ranking;
    this.#glide();
    this.redraw();
  }

  /** Draws again at the next frame, however often it is asked for before. */
  redraw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const { width, height, top } = this.#svg.getBoundingClientRect();
    // On narrow screens the columns stand one above the other and the drawing isn't shown.
    if (width === 0 || height === 0) {
      this.#svg.replaceChildren();
      return;
    }
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const lit = this.#judge.querySelector("li.lit")?.getAttribute("data-id");
    const curves = this.#ranking.flatMap((placed) => {
      const from = middle(this.#scout, placed.id);
      const to = middle(this.#judge, placed.id);
      if (from === undefined || to === undefined) return [];
      const [y1, y2] = [from - top, to - top];
      const kind = moveOf(placed.previousRank, placed.rank).kind;
      const bend = width * 0.5;
      return svg("path", {
        class: lit === placed.id ? `${kind} lit` : kind,
        "data-id": placed.id,
        d: `M2 ${y1} C${bend} ${y1} ${width - bend} ${y2} ${width - 4} ${y2} m-6 -4 l6 4 l-6 4`,
      });
    });
    this.#svg.replaceChildren(...curves);
  }

  /** Lets each entry of the judge's ranking glide from its old rank to its new one. */
  #glide(): void {
    if (prefersStillness() || this.#svg.getBoundingClientRect().width === 0) return;
    for (const { id } of this.#ranking) {
      const from = middle(this.#scout, id);
      const to = middle(this.#judge, id);
      const item = find(this.#judge, id);
      if (from === undefined || to === undefined || item === null || from === to) continue;
      item.animate([{ transform: `translateY(${from - to}px)` }, { transform: "none" }], {
        duration: 650,
        easing: "cubic-bezier(0.3, 0, 0.2, 1)",
      });
    }
    if (this.#ranking.length > 0) {
      this.#svg.animate([{ opacity: 0 }, { opacity: 0, offset: 0.7 }, { opacity: 1 }], { duration: 900 });
    }
  }
}

/**
 * Height of the middle of an entry's summary, or of the button under the list where the entry is folded away. An entry
 * that is gliding is measured where it will come to rest.
 */
function middle(column: HTMLElement, id: string): number | undefined {
  const item = find(column, id);
  const target = item?.hidden === false ? item.querySelector("summary") : column.querySelector(".more");
  if (item === null || target === null || target === undefined) return undefined;
  const { top, height } = target.getBoundingClientRect();
  return top + height / 2 - new DOMMatrixReadOnly(getComputedStyle(item).transform).m42;
}

function find(column: HTMLElement, id: string): HTMLElement | null {
  return column.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
}
