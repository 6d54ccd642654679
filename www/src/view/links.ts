/** The curves between the columns: one for each passage of the judge's ranking, from its first rank to its new one. */

import { moveOf, type Placed } from "../movement";
import { prefersStillness, svg } from "./dom";

/** Draws the curves and keeps them in place when the columns change their height. */
export class Links {
  readonly #svg: SVGSVGElement;
  readonly #scout: HTMLElement;
  readonly #judge: HTMLElement;
  #ranking: readonly Placed[] = [];
  /** Whether the ranking has not been drawn yet. */
  #fresh = false;
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
    this.#fresh = true;
    this.redraw();
  }

  /** Draws again at the next frame, however often it is asked for before. */
  redraw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const fresh = this.#fresh;
    this.#fresh = false;
    const { width, height, top } = this.#svg.getBoundingClientRect();
    // On narrow screens the columns stand one above the other and the drawing isn't shown.
    if (width === 0 || height === 0) {
      this.#svg.replaceChildren();
      return;
    }
    // Everything is measured before anything is changed, so that the page is laid out once.
    const lit = this.#judge.querySelector("li.lit")?.getAttribute("data-id");
    const spans = this.#ranking.flatMap((placed): Span[] => {
      const [from, to] = [middle(this.#scout, placed.id), middle(this.#judge, placed.id)];
      return from === undefined || to === undefined ? [] : [{ placed, from, to }];
    });
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const bend = width * 0.5;
    const curves = spans.map(({ placed, from, to }) => {
      const [y1, y2] = [from - top, to - top];
      const kind = moveOf(placed.previousRank, placed.rank).kind;
      return svg("path", {
        class: lit === placed.id ? `${kind} lit` : kind,
        "data-id": placed.id,
        d: `M2 ${y1} C${bend} ${y1} ${width - bend} ${y2} ${width - 4} ${y2} m-6 -4 l6 4 l-6 4`,
      });
    });
    this.#svg.replaceChildren(...curves);
    if (fresh && !prefersStillness()) this.#glide(spans);
  }

  /** Lets each entry of the judge's ranking glide from its old rank to its new one. */
  #glide(spans: readonly Span[]): void {
    for (const { placed, from, to } of spans) {
      if (from === to) continue;
      find(this.#judge, placed.id)?.animate([{ transform: `translateY(${from - to}px)` }, { transform: "none" }], {
        duration: 650,
        easing: "cubic-bezier(0.3, 0, 0.2, 1)",
      });
    }
    if (this.#ranking.length > 0) {
      this.#svg.animate([{ opacity: 0 }, { opacity: 0, offset: 0.7 }, { opacity: 1 }], { duration: 900 });
    }
  }
}

/** An entry of the ranking with the heights, in the window, of its middle in either column. */
interface Span {
  readonly placed: Placed;
  readonly from: number;
  readonly to: number;
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
