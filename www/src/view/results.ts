/** Everything that a finished search changes on the page. */

import type { Info, SearchResult } from "tabrank";
import type { Corpus } from "../corpus";
import { whatMoved } from "../movement";
import { ceilingOn, outsidePool, verdictOn } from "../verdict";
import { grouped } from "../numbers";
import { quoted } from "../words";
import { byId, h, milliseconds } from "./dom";
import { highlightPairs } from "./highlight";
import { renderJudge } from "./judge";
import { Links } from "./links";
import { ScoutColumn } from "./scout";

/** A finished search, with what the page knows besides. */
export interface Shown {
  readonly result: SearchResult;
  readonly topK: number;
  readonly info: Info | undefined;
}

/** The two rankings, the verdict on them and the measurements. */
export class Results {
  #corpus: Corpus;
  readonly #frame = byId("rankings", HTMLElement);
  readonly #judge = byId("judge", HTMLElement);
  readonly #verdict = byId("verdict", HTMLElement);
  readonly #scout: ScoutColumn;
  readonly #links: Links;
  /** First-stage ranks seen so far, by bi-encoder and query: a larger pool tells more of them. */
  readonly #ranks = new Map<string, ReadonlyMap<string, number>>();

  constructor(corpus: Corpus) {
    this.#corpus = corpus;
    const scout = byId("scout", HTMLElement);
    this.#links = new Links(byId("links", SVGSVGElement), scout, this.#judge);
    this.#scout = new ScoutColumn(scout, () => this.#links.redraw());
    highlightPairs(this.#frame);
  }

  /** Another library, or other labels of the same. What is shown stays until it is shown anew or cleared. */
  set corpus(corpus: Corpus) {
    // First-stage ranks in one library say nothing of another.
    if (corpus.passages !== this.#corpus.passages) this.#ranks.clear();
    this.#corpus = corpus;
  }

  /** Takes away all that a search has shown. */
  clear(): void {
    this.#scout.clear();
    this.#judge.replaceChildren();
    this.#links.show([]);
    this.#verdict.hidden = true;
    this.#verdict.replaceChildren();
    for (const id of ["scout-timing", "judge-timing", "engine"]) byId(id, HTMLElement).textContent = "";
  }

  /** While a search goes on, the last results stay, dimmed. */
  set busy(busy: boolean) {
    this.#frame.setAttribute("aria-busy", String(busy));
    this.#verdict.classList.toggle("stale", busy);
  }

  /** Shows a search; returns the verdict in words, for those who hear the page. */
  show({ result, topK, info }: Shown): string {
    const query = this.#corpus.labelled(result.query);
    const finalRanks = new Map(result.reranked.map(({ id, rank }) => [id, rank]));
    const top = result.reranked.slice(0, topK);
    this.#scout.render(
      this.#corpus,
      query,
      result.retrieved.map(({ id, rank, cosine }) => ({ id, rank, cosine, finalRank: finalRanks.get(id) })),
    );
    renderJudge(this.#judge, this.#corpus, query, top);
    this.#links.show(top);
    this.#measurements(result, info);
    return this.#judgement(result, info);
  }

  #judgement(result: SearchResult, info: Info | undefined): string {
    const { title } = this.#corpus;
    const query = this.#corpus.labelled(result.query);
    const firsts = [result.retrieved[0], result.reranked[0]];
    const judged = query !== undefined && firsts.every((first) => first !== undefined && this.#corpus.mark(query, first.id) !== undefined);
    const verdict = judged ? verdictOn(query, result, title) : undefined;
    const text = verdict?.text ?? whatMoved(result.reranked, title);
    const known = this.#remember(result, info);
    const ceiling =
      query === undefined
        ? undefined
        : ceilingOn(query, outsidePool(query, result.retrieved, known), result.retrieved.length, title);
    this.#verdict.dataset["outcome"] = verdict?.outcome ?? "unlabelled";
    this.#verdict.replaceChildren(
      h("p", { class: "asked" }, quoted(result.query)),
      h("p", { class: "finding" }, text),
      ceiling === undefined ? "" : h("p", { class: "ceiling" }, ceiling),
      judged ? "" : h("p", { class: "hint" }, `${query === undefined ? "Nobody has labelled this question" : "The first passages aren’t all labelled"}, so the page can’t say who is right.`),
    );
    this.#verdict.hidden = false;
    return ceiling === undefined ? text : `${text} ${ceiling}`;
  }

  #remember(result: SearchResult, info: Info | undefined): ReadonlyMap<string, number> {
    const key = JSON.stringify([info?.biEncoder?.sha256, result.query]);
    const before = this.#ranks.get(key);
    if (before !== undefined && before.size >= result.retrieved.length) return before;
    const ranks = new Map(result.retrieved.map(({ id, rank }) => [id, rank]));
    this.#ranks.set(key, ranks);
    return ranks;
  }

  #measurements({ timings, device, retrieved, scored }: SearchResult, info: Info | undefined): void {
    byId("scout-timing", HTMLElement).textContent =
      `${milliseconds(timings.embed)} for the question’s vector, ${milliseconds(timings.retrieve)} to compare it with ${grouped(this.#corpus.passages.length)} passages`;
    byId("judge-timing", HTMLElement).textContent = readingTime(timings.rerank, scored, retrieved.length - scored);
    // The GPU is one worker's.
    const workers = info === undefined || device.startsWith("webgpu") ? "" : ` on ${info.workers} ${info.workers === 1 ? "worker" : "workers"}`;
    byId("engine", HTMLElement).textContent = `Ran${workers}${workers === "" ? " on" : ","} ${device}; ${milliseconds(timings.total)} in all.`;
  }
}

/** How long the judge read, and how much of it it knew already. */
function readingTime(time: number, scored: number, known: number): string {
  if (scored === 0) return known === 0 ? "nothing to read" : `knew all ${known} pairs from before`;
  const pairs = scored === 1 ? "pair" : `pairs, ${milliseconds(time / scored)} each`;
  return `${milliseconds(time)} to read ${scored} ${pairs}${known === 0 ? "" : `; ${known} known from before`}`;
}
