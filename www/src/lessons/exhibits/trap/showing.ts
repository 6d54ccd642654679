/** The trap on the page: the two questions as a switch, two slope graphs, and what they say in words and numbers. */

import "./trap.css";
import { markOf, MARKS } from "../../../labels";
import { decimal, h } from "../../../view/dom";
import { ownWords } from "../../../words";
import { Chart } from "../../../view/chart";
import type { Run, Showing, Stage } from "../../exhibit";
import type { TrapData, TrapInput, TrapState } from "../trap";
import { movementText, verdictText } from "./findings";
import { drawSlopes, type SlopeGraph } from "./slopes";

/** The two scorers: what the data call their scores, and how the page shows them. */
const SCORERS = [
  { scores: "cosines", name: "Bi-encoder", unit: "cosine", digits: 3, colour: "var(--scout)" },
  { scores: "logits", name: "Cross-encoder", unit: "logit", digits: 2, colour: "var(--judge)" },
] as const;

type Asked = TrapState["asked"];

/** The drawing and its controls. */
export class TrapShowing implements Showing<TrapState, TrapInput, TrapData> {
  readonly #stage: Stage<TrapState>;
  readonly #switch = h("div", { class: "twins", role: "group", "aria-label": "The question" });
  readonly #verdict = h("p", { class: "finding" });
  readonly #panels = SCORERS.map(({ name, unit }) => {
    const place = h("div", { class: "chart" });
    return { root: h("div", { class: "slopes" }, h("p", { class: "panel-title" }, name, h("span", { class: "hint" }, ` ${unit}`)), place), chart: new Chart(place), place };
  });
  readonly #movement = h("p");
  readonly #numbers = h("div", { class: "numbers", role: "region", tabindex: 0, "aria-label": "Scores in numbers" });
  readonly #fields: readonly [HTMLInputElement, HTMLInputElement];
  #state: TrapState | undefined;
  #run: Run<TrapInput, TrapData> | undefined;

  constructor(stage: Stage<TrapState>) {
    this.#stage = stage;
    const field = (name: string): HTMLInputElement =>
      h("input", { type: "text", id: `${stage.prefix}-${name}`, maxlength: 300, autocomplete: "off", spellcheck: "false" });
    this.#fields = [field("with"), field("without")];
    const form = h(
      "form",
      { class: "own" },
      h("label", { for: `${stage.prefix}-with` }, "With the word"),
      this.#fields[0],
      h("label", { for: `${stage.prefix}-without` }, "Without it, or with another"),
      this.#fields[1],
      h("p", { class: "hint" }, "The passages are then the five that the bi-encoder finds first for each of the two."),
      h("button", { type: "submit", class: "go" }, "Compare"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#compareOwn();
    });
    stage.root.replaceChildren(
      h("div", { class: "controls" }, this.#switch),
      this.#verdict,
      h("div", { class: "panels" }, ...this.#panels.map(({ root }) => root)),
      h("p", { class: "hint" }, "Each panel is as high as its scores lie apart. ✓ answers, ≈ near miss, – off: what the labels say for that question."),
      this.#movement,
      h("details", {}, h("summary", {}, "The scores in numbers"), this.#numbers),
      h("details", { class: "controls" }, h("summary", {}, "Type your own pair"), form),
    );
  }

  draw(state: TrapState, run: Run<TrapInput, TrapData> | undefined): void {
    const [before, earlier] = [this.#run, this.#state];
    this.#state = state;
    this.#run = run;
    this.#drawSwitch(state);
    if (earlier === undefined || earlier.queries.join("\n") !== state.queries.join("\n")) {
      this.#fields.forEach((field, i) => (field.value = state.queries[i] ?? ""));
    }
    this.#stage.root.classList.toggle("stale", run?.stale === true);
    if (run === undefined) return;
    this.#verdict.textContent = verdictText(this.#stage.corpus, run.input, run.data, state.asked);
    this.#movement.textContent = movementText(run.data);
    if (before?.data !== run.data) {
      this.#drawNumbers(run);
      this.#drawGraphs(run);
    }
    // Not drawn anew: the dots move along their lines.
    for (const { place } of this.#panels) place.querySelector("svg")?.setAttribute("data-asked", String(state.asked));
  }

  #drawSwitch({ queries, asked }: TrapState): void {
    const focused = this.#switch.contains(document.activeElement);
    const buttons = ([0, 1] as const).map((which) => {
      const words = ownWords(queries[which], queries[which === 0 ? 1 : 0]).flatMap(({ text, own }, i) => [i === 0 ? "" : " ", own ? h("b", {}, text) : text]);
      const button = h(
        "button",
        { type: "button", "aria-pressed": String(which === asked) },
        h("span", { class: "kind" }, which === 0 ? "With" : "Without"),
        h("span", {}, ...words),
      );
      button.addEventListener("click", () => this.#ask(which));
      return button;
    });
    this.#switch.replaceChildren(...buttons);
    if (focused) buttons[asked]?.focus();
  }

  #ask(asked: Asked): void {
    if (this.#state !== undefined) this.#stage.change({ ...this.#state, asked });
  }

  #compareOwn(): void {
    const [a, b] = this.#fields.map((field) => field.value.trim());
    const empty = this.#fields.find((field) => field.value.trim() === "");
    if (empty !== undefined || a === undefined || b === undefined) {
      empty?.focus();
      return;
    }
    this.#stage.change({ queries: [a, b], passages: null, asked: 0 });
  }

  #drawGraphs({ input, data }: Run<TrapInput, TrapData>): void {
    const { corpus } = this.#stage;
    SCORERS.forEach(({ scores, name, unit, digits, colour }, i) => {
      const graph: SlopeGraph = {
        slopes: data.passages.map((passage) => ({
          name: short(corpus.title(passage.id)),
          scores: passage[scores],
          signs: [this.#sign(input, passage.id, 0), this.#sign(input, passage.id, 1)],
        })),
        columns: columns(input.queries),
        digits,
        colour,
        label: `${name}: the ${unit} of each passage for the question with the word and without it. The numbers are in the table below.`,
      };
      this.#panels[i]?.chart.show((width) => drawSlopes(graph, this.#state?.asked ?? 0, width));
    });
  }

  #sign({ queries }: TrapInput, passage: string, asked: Asked): string {
    const query = this.#stage.corpus.labelled(queries[asked]);
    return query === undefined ? "" : MARKS[markOf(query, passage)].sign;
  }

  #drawNumbers({ input, data }: Run<TrapInput, TrapData>): void {
    const { corpus } = this.#stage;
    const queries = input.queries.map((text) => corpus.labelled(text));
    const label = (asked: Asked, id: string): string => {
      const query = queries[asked];
      if (query === undefined) return "";
      const { sign, word } = MARKS[markOf(query, id)];
      return `${sign} ${word}`;
    };
    const cell = (text: string, exact?: number): HTMLElement => h("td", { "data-exact": exact }, text);
    const head = ["Passage", "with", "cosine", "logit", "without", "cosine", "logit"];
    const rows = data.passages.map(({ id, cosines, logits }) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, corpus.title(id)),
        ...([0, 1] as const).flatMap((i) => [cell(label(i, id)), cell(decimal(cosines[i], 3), cosines[i]), cell(decimal(logits[i], 2), logits[i])]),
      ),
    );
    this.#numbers.replaceChildren(
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, "What the labels say of each passage, and its scores, for both questions"),
        h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...rows),
      ),
    );
  }
}

/** What the two questions are called below the graph: by the words that set them apart, where these are few. */
function columns([a, b]: TrapInput["queries"]): [string, string] {
  const own = (text: string, other: string): string =>
    ownWords(text, other)
      .filter((stretch) => stretch.own)
      .map((stretch) => stretch.text)
      .join(" … ");
  const name = (text: string, other: string, usual: string): string => {
    const words = own(text, other);
    return words !== "" && words.length <= 18 ? words : usual;
  };
  return [name(a, b, "with"), name(b, a, "without")];
}

/** A title for a place where there is little room: what stands before the colon, or the beginning. */
function short(title: string): string {
  const name = title.split(":")[0] ?? title;
  return name.length <= 22 ? name : `${name.slice(0, 21).trimEnd()}…`;
}
