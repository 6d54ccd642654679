/** The parts of the bench, in the order of its navigation. A new one is an entry here and a folder that makes it. */

import type { PartEntry } from "./part";

/** All parts that are there to be used. */
export const PARTS: readonly PartEntry[] = [
  { slug: "corpus", label: "Your corpus", make: async (bench) => (await import("./corpus/corpus-part")).makeCorpusPart(bench) },
  { slug: "queries", label: "Your queries", make: async (bench) => (await import("./queries/queries-part")).makeQueriesPart(bench) },
  { slug: "compare", label: "Compare", make: async (bench) => (await import("./compare/compare-part")).makeComparePart(bench) },
];
