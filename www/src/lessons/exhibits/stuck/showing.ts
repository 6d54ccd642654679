/** The stuck passage on the page: two strips of ranks with the pool's border to be dragged, and the first places of both. */

import "../../../style/exhibits-pool.css";
import "../../../view/lines.css";
import { MARKS } from "../../../labels";
import { LIMITS } from "../../../state";
import { h } from "../../../view/dom";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import { questionList } from "../../questions";
import { Slider } from "../../slider";
import { Numbers } from "../../../view/table";
import { labelled, type StuckData, type StuckInput, type StuckState } from "../stuck";
import { candidateText, fateText, largerText, placed, tableOf, type Placed } from "./findings";
import { borderAt, drawStrips, rankAt } from "./strips";

/** Places that are named. */
const NAMED = 5;

const HINT = "Point at a cell to see which passage it is. ✓ answers, ≈ is a near miss; pale cells were not read.";

/** The drawing and its controls. */
export class StuckShowing implements Showing<StuckState, StuckInput, StuckData> {
  readonly #stage: Stage<StuckState>;
  readonly #query: HTMLSelectElement;
  readonly #slider: Slider;
  readonly #fate = h("p", { class: "finding" });
  readonly #larger = h("p");
  readonly #place = h("div", { class: "chart strips" });
  readonly #chart = new Chart(this.#place);
  readonly #readout = h("p", { class: "readout hint" }, HINT);
  readonly #lists = h("div", { class: "first-places" });
  readonly #numbers = new Numbers("All ranks in numbers");
  #state: StuckState | undefined;
  #run: Run<StuckInput, StuckData> | undefined;
  #places: readonly Placed[] = [];
  #pool = 0;

  constructor(stage: Stage<StuckState>) {
    this.#stage = stage;
    const { prefix, corpus } = stage;
    // What the lesson proposes is known with the first state, and put first then.
    this.#query = questionList(corpus, `${prefix}-query`);
    this.#query.addEventListener("change", () => this.#change({ query: this.#query.value }));
    const { min, max } = LIMITS.pool;
    this.#slider = new Slider({
      id: `${prefix}-pool`,
      label: "Pool",
      values: Array.from({ length: max - min + 1 }, (_, i) => min + i),
      text: String,
      onInput: (pool) => this.#change({ pool }),
    });
    this.#makeDraggable();
    stage.root.replaceChildren(
      h("div", { class: "controls choices" }, h("div", { class: "ask-list" }, h("label", { for: this.#query.id }, "Question"), this.#query), this.#slider.root),
      this.#fate,
      h("div", { class: "drawing" }, strip("First stage, by cosine", "by-scout"), this.#place, strip("After reranking the pool, by logit", "by-judge")),
      this.#readout,
      this.#larger,
      this.#lists,
      this.#numbers.root,
    );
  }

  draw(state: StuckState, run: Run<StuckInput, StuckData> | undefined): void {
    if (this.#state === undefined) this.#propose(state.proposed);
    this.#state = state;
    this.#run = run;
    this.#query.value = state.query;
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    this.#point(state.pool);
  }

  #propose(ids: readonly string[]): void {
    const list = questionList(this.#stage.corpus, this.#query.id, { name: "Proposed by the lesson", ids });
    this.#query.replaceChildren(...list.childNodes);
  }

  #change(part: Partial<StuckState>): void {
    if (this.#state !== undefined) this.#stage.change({ ...this.#state, ...part });
  }

  /** Draws everything for a pool. */
  #point(pool: number): void {
    this.#slider.value = pool;
    this.#pool = pool;
    const { input, data } = this.#run ?? {};
    const { corpus } = this.#stage;
    const query = input === undefined ? undefined : labelled(corpus, input.query);
    if (data === undefined || query === undefined) return;
    const places = placed(data, query, pool);
    this.#places = places;
    this.#readout.textContent = HINT;
    const fate = fateText(corpus, places, pool);
    this.#fate.textContent = fate;
    this.#larger.textContent = largerText(data, query);
    const words = `The first ${places.length} passages of the first stage, and the same after reranking. ${fate} All ranks are in the table below.`;
    this.#chart.show((width) => drawStrips({ places, pool, words }, width));
    const ordered = (rank: (one: Placed) => number): Placed[] => [...places].sort((a, b) => rank(a) - rank(b)).slice(0, NAMED);
    this.#lists.replaceChildren(
      this.#list("First stage", "by-scout", ordered(({ before }) => before)),
      this.#list(`After reranking a pool of ${pool}`, "by-judge", ordered(({ after }) => after)),
    );
    this.#numbers.show(() => tableOf(corpus, places, pool));
  }

  #list(name: string, look: string, places: readonly Placed[]): HTMLElement {
    const items = places.map(({ id, mark }) => h("li", { class: mark }, h("span", { class: "sign" }, `${MARKS[mark].sign} `), this.#stage.corpus.title(id), h("span", { class: "unseen" }, ` (${MARKS[mark].word})`)));
    return h("section", { class: `places ${look}` }, h("p", { class: "panel-title" }, name, h("span", { class: "hint" }, ` first ${places.length}`)), h("ol", {}, ...items));
  }

  #makeDraggable(): void {
    const place = this.#place;
    const left = ({ clientX }: PointerEvent): number => clientX - place.getBoundingClientRect().left;
    let from: number | undefined;
    const border = (event: PointerEvent): number => borderAt(left(event), place.clientWidth, this.#places.length);
    place.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.#places.length === 0) return;
      from = this.#pool;
      place.setPointerCapture(event.pointerId);
      this.#point(border(event));
    });
    place.addEventListener("pointermove", (event) => {
      if (from === undefined) return this.#tell(event);
      const pool = border(event);
      if (pool !== this.#pool) this.#point(pool);
    });
    place.addEventListener("pointerup", () => {
      if (from === undefined) return;
      from = undefined;
      this.#change({ pool: this.#pool });
    });
    // A finger that turned out to be scrolling.
    place.addEventListener("pointercancel", () => {
      if (from !== undefined) this.#point(from);
      from = undefined;
    });
    place.addEventListener("pointerleave", () => (this.#readout.textContent = HINT));
  }

  /** Says which passage is pointed at, in whichever of the strips is nearer. */
  #tell(event: PointerEvent): void {
    const { left, top, height } = this.#place.getBoundingClientRect();
    const rank = rankAt(event.clientX - left, this.#place.clientWidth, this.#places.length);
    const upper = event.clientY - top < height / 2;
    const one = this.#places.find(({ before, after }) => (upper ? before : after) === rank);
    this.#readout.textContent = one === undefined ? HINT : candidateText(this.#stage.corpus, one);
  }
}

function strip(name: string, look: string): HTMLElement {
  return h("p", { class: `strip-name ${look}` }, name);
}
