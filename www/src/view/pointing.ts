/**
 * Links of a drawing: one stop for the keyboard, with arrows from one to the next, and whoever points at one learns what it is. A finger
 * that has pointed at nothing yet only points; touching the same one again follows it.
 */

/** What is made pointable. */
export interface Pointable {
  /** Holds the links. */
  readonly root: HTMLElement;
  readonly links: readonly HTMLAnchorElement[];
  /** Which link an event means, where that isn't just the one on which it happens. */
  readonly at?: (event: PointerEvent) => number | undefined;
  /** Called with the position of the link that is pointed at or focused, or with nothing when none is any more. */
  readonly onPoint: (position: number | undefined) => void;
}

/** Makes links pointable. */
export function makePointable({ root, links, at, onPoint }: Pointable): void {
  const positions = new Map<Element, number>(links.map((link, position) => [link, position]));
  const on = ({ target }: Event): number | undefined => {
    const link = target instanceof Element ? target.closest("a") : null;
    return link === null ? undefined : positions.get(link);
  };
  let pointed: number | undefined;
  /** Whether the finger that is down has just been put on something else than before. */
  let first = false;
  /** Whether a finger points. It leaves nothing when it is lifted, so that what it pointed at can be read, and followed from there. */
  let touched = false;
  const point = (position: number | undefined): void => {
    if (position === pointed) return;
    if (pointed !== undefined) links[pointed]?.classList.remove("lit");
    pointed = position;
    if (position !== undefined) links[position]?.classList.add("lit");
    onPoint(position);
  };
  const only = (position: number): void => links.forEach((link, i) => (link.tabIndex = i === position ? 0 : -1));
  only(0);

  root.addEventListener("keydown", (event) => {
    touched = false;
    const here = on(event);
    if (here === undefined) return;
    const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: links.length - 1 }[event.key];
    const link = to === undefined ? undefined : links[Math.max(0, Math.min(links.length - 1, to))];
    if (link === undefined) return;
    event.preventDefault();
    link.focus();
  });
  root.addEventListener("focusin", (event) => {
    const here = on(event);
    if (here === undefined) return;
    only(here);
    point(here);
  });
  root.addEventListener("focusout", () => {
    if (!touched) point(undefined);
  });
  const meant = (event: PointerEvent): number | undefined => (at === undefined ? on(event) : at(event));
  root.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") point(meant(event));
  });
  root.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") point(undefined);
  });
  root.addEventListener("pointerdown", (event) => {
    const position = meant(event);
    touched = event.pointerType === "touch";
    first = touched && position !== pointed;
    if (touched) point(position);
  });
  root.addEventListener("click", (event) => {
    if (first && on(event) !== undefined) event.preventDefault();
    first = false;
  });
}
