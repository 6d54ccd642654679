/** What a run of the trap shows, in words. Pure, so that it can be tested. */

import type { Corpus } from "../../../corpus";
import { markOf, MARKS } from "../../../labels";
import { decimal } from "../../../view/dom";
import type { TrapData, TrapInput, TrapPassage } from "../trap";

/** The passages in a scorer's order for one of the questions, the best first; equal ones stay as they were. */
export function ranking(data: TrapData, scores: "cosines" | "logits", asked: 0 | 1): TrapPassage[] {
  return [...data.passages].sort((a, b) => b[scores][asked] - a[scores][asked]);
}

/** How far the small word moves a scorer. */
export interface Movement {
  readonly mean: number;
  readonly most: number;
  /** The mean move as a share of what lies between the highest score and the lowest. */
  readonly share: number;
}

/** How far the small word moves the scores. */
export function movement(data: TrapData, scores: "cosines" | "logits"): Movement {
  const moves = data.passages.map((passage) => Math.abs(passage[scores][0] - passage[scores][1]));
  const all = data.passages.flatMap((passage) => passage[scores]);
  const mean = moves.reduce((sum, move) => sum + move, 0) / Math.max(1, moves.length);
  const spread = Math.max(...all) - Math.min(...all);
  return { mean, most: Math.max(0, ...moves), share: spread > 0 ? mean / spread : 0 };
}

/** Both movements in a sentence. */
export function movementText(data: TrapData): string {
  const [cosines, logits] = [movement(data, "cosines"), movement(data, "logits")];
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  return (
    `Between the two questions a passage’s cosine moves by ${decimal(cosines.mean, 3)} on average, ${percent(cosines.share)} of what lies between ` +
    `the highest cosine here and the lowest; its logit by ${decimal(logits.mean, 2)}, ${percent(logits.share)}.`
  );
}

/** Who is right for one of the questions, by the labels. */
export function verdictText(corpus: Corpus, { queries }: TrapInput, data: TrapData, asked: 0 | 1): string {
  const query = corpus.labelled(queries[asked]);
  const [byCosine, byLogit] = [ranking(data, "cosines", asked), ranking(data, "logits", asked)];
  const first = (passages: readonly TrapPassage[]): string => {
    const id = passages[0]?.id ?? "";
    const title = `“${corpus.title(id)}”`;
    if (query === undefined) return title;
    const { sign, word } = MARKS[markOf(query, id)];
    return `${title} (${sign} ${word})`;
  };
  const text = `Of these passages the bi-encoder puts ${first(byCosine)} first, the cross-encoder ${first(byLogit)}.`;
  if (query === undefined) return `${text} Nobody has labelled this question, so the page can’t say who is right.`;
  const places = (passages: readonly TrapPassage[]): number[] =>
    passages.flatMap(({ id }, i) => (markOf(query, id) === "answers" ? [i + 1] : []));
  const [cosines, logits] = [places(byCosine), places(byLogit)];
  if (cosines.length === 0) return `${text} None of them answers.`;
  const stand = cosines.length === 1 ? "The one that answers is at place" : `The ${cosines.length} that answer are at places`;
  return `${text} ${stand} ${listed(cosines)} by cosine and ${listed(logits)} by logit.`;
}

function listed(places: readonly number[]): string {
  const last = String(places.at(-1) ?? "");
  return places.length < 2 ? last : `${places.slice(0, -1).join(", ")} and ${last}`;
}
