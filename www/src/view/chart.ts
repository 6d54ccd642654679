/** Drawings: as wide as their place and drawn again whenever that changes; and labels that make room for each other. */

/** Draws at a width in pixels. */
export type Draw = (width: number) => Element;

/** The place of a drawing. */
export class Chart {
  readonly #root: HTMLElement;
  #draw: Draw | undefined;
  #width = 0;

  constructor(root: HTMLElement) {
    this.#root = root;
    new ResizeObserver(() => {
      // Hidden, it has no width to be drawn at.
      const width = Math.floor(root.clientWidth);
      if (width > 0 && width !== this.#width) this.#redraw(width);
    }).observe(root);
  }

  /** Draws from now on like this. */
  show(draw: Draw): void {
    this.#draw = draw;
    const width = Math.floor(this.#root.clientWidth);
    if (width > 0) this.#redraw(width);
  }

  #redraw(width: number): void {
    if (this.#draw === undefined) return;
    this.#width = width;
    const drawing = this.#draw(width);
    asImages(drawing);
    this.#root.replaceChildren(drawing);
  }
}

/** A labelled drawing is one picture to those who hear the page; Plot's names for its parts ("line", "dot") would only be in the way. */
function asImages(drawing: Element): void {
  for (const svg of [drawing, ...drawing.querySelectorAll("svg")]) {
    if (svg.localName !== "svg") continue;
    if (svg.hasAttribute("aria-label")) svg.setAttribute("role", "img");
    for (const part of svg.querySelectorAll("g[aria-label]")) part.removeAttribute("aria-label");
  }
}

/**
 * Where labels go whose places are too near each other: as near to their places as a least distance between them allows, in the same
 * order, between `low` and `high` where there is room.
 */
export function apart(places: readonly number[], distance: number, low = -Infinity, high = Infinity): number[] {
  const order = places.map((place, position) => ({ place, position })).sort((a, b) => a.place - b.place || a.position - b.position);
  // Labels that touch move as one group, whose middle is where its labels want to be on average.
  const groups: { wants: number[]; start: number }[] = [];
  const startOf = (wants: readonly number[]): number => {
    const middle = wants.reduce((sum, want, i) => sum + want - i * distance, 0) / wants.length;
    return Math.max(low, Math.min(high - (wants.length - 1) * distance, middle));
  };
  for (const { place } of order) {
    let group = { wants: [place], start: startOf([place]) };
    for (let before = groups.at(-1); before !== undefined && before.start + before.wants.length * distance > group.start; before = groups.at(-1)) {
      groups.pop();
      const wants = [...before.wants, ...group.wants];
      group = { wants, start: startOf(wants) };
    }
    groups.push(group);
  }
  const placed = groups.flatMap(({ wants, start }) => wants.map((_, i) => start + i * distance));
  const result = new Array<number>(places.length).fill(0);
  order.forEach(({ position }, i) => (result[position] = placed[i] ?? 0));
  return result;
}
