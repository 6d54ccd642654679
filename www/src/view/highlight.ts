/** Pointing at a passage, or reaching it with the keyboard, lights it up in both columns, and the curve between. */

/** Watches everything inside `frame` that has a `data-id`. */
export function highlightPairs(frame: HTMLElement): void {
  let lit: string | undefined;
  const light = (id: string | undefined): void => {
    if (id === lit) return;
    lit = id;
    for (const element of frame.querySelectorAll("[data-id]")) {
      element.classList.toggle("lit", id !== undefined && element.getAttribute("data-id") === id);
    }
    frame.classList.toggle("lighting", id !== undefined);
  };
  const on = (event: Event): void => {
    light(event.target instanceof Element ? (event.target.closest("[data-id]")?.getAttribute("data-id") ?? undefined) : undefined);
  };
  frame.addEventListener("pointerover", on);
  frame.addEventListener("focusin", on);
  frame.addEventListener("pointerleave", () => light(undefined));
  frame.addEventListener("focusout", () => light(undefined));
}
