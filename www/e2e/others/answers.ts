/** What the page and the package show of their work. */

import type { Build } from "tabrank";
import { native, type Score } from "../browser";
import type { Tab } from "./driver/tab";

/** Waits until a search for this question has been shown. */
export function shown(tab: Tab, question: string): Promise<void> {
  return tab.until(
    `the page shows what it found for “${question}”`,
    (asked) =>
      document.querySelector("#verdict .asked")?.textContent === asked &&
      document.querySelector("#rankings")?.getAttribute("aria-busy") === "false",
    `“${question}”`,
  );
}

/** The entries of one column as they stand on the page. */
export function column(tab: Tab, id: "scout" | "judge"): Promise<Score[]> {
  return tab.evaluate(
    (id) =>
      [...document.querySelectorAll(`#${id} [data-id]`)].map((item) => ({
        id: item.getAttribute("data-id") ?? "",
        score: Number(item.getAttribute("data-exact")),
      })),
    id,
  );
}

/** Which build the page chose on this machine, by what it says once something was shown. */
export async function buildOf(tab: Tab): Promise<Build> {
  return (await tab.text("#engine")).includes("relaxed-simd") ? "relaxed-simd" : "simd128";
}

const known = new Map<string, ReturnType<typeof native>>();

/** What the command line says of a search, computing as a build does; once for all browsers. */
export async function expected(question: string, pool: number, topK: number, build: Build): Promise<Awaited<ReturnType<typeof native>>> {
  const key = JSON.stringify([question, pool, topK, build]);
  const asked = known.get(key) ?? native(question, pool, topK, build);
  known.set(key, asked);
  const { scout, judge } = await asked;
  return { scout: scout.map(rounded), judge: judge.map(rounded) };
}

/** The command line prints the shortest decimals that give a 32-bit float back; the page and the package hold that float itself. */
function rounded({ id, score }: Score): Score {
  return { id, score: Math.fround(score) };
}

/** How many models the package has put into the browser's store. */
export function modelsKept(tab: Tab): Promise<number> {
  return tab.evaluate(async () => (await (await caches.open("tabrank")).keys()).filter(({ url }) => url.includes(".gguf")).length);
}
