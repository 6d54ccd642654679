/** What the hand-given labels say of a passage. */

import type { LabelledQuery } from "./corpus";

/** How a passage stands to a question. */
export type Mark = "answers" | "near-miss" | "off";

/** The words, the sign and the explanation of each mark; the sign tells the marks apart without colour. */
export const MARKS: Readonly<Record<Mark, { sign: string; word: string; meaning: string }>> = {
  answers: { sign: "✓", word: "answers", meaning: "answers the question" },
  "near-miss": { sign: "≈", word: "near miss", meaning: "same subject, but says the opposite or something else" },
  off: { sign: "–", word: "off", meaning: "has nothing to do with the question" },
};

/** The mark of a passage for a labelled query: grades 2 and 3 answer, 1 is a near miss, no grade is off. */
export function markOf(query: LabelledQuery, passage: string): Mark {
  const grade = query.grades[passage] ?? 0;
  if (grade >= 2) return "answers";
  return grade === 1 ? "near-miss" : "off";
}

/** Ids of the passages that answer a query, the fullest answers first. */
export function answersOf(query: LabelledQuery): string[] {
  return Object.entries(query.grades)
    .filter(([, grade]) => grade >= 2)
    .sort(([, a], [, b]) => b - a)
    .map(([id]) => id);
}
