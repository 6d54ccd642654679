/** Recording exhibits' runs: what `tools/record.mjs` does and the tests check. No page, no DOM. */

import type { Manifest } from "tabrank";
import { lessons } from "virtual:lessons";
import type { Corpus } from "../corpus";
import { EXHIBITS } from "./exhibits";
import type { AnyExhibit } from "./exhibit";
import type { Lab } from "./lab";
import type { ExhibitEntry } from "./lesson";
import { same, type Recorded } from "./recorded";
import { Settings } from "./settings";

/** An exhibit at its start. */
export interface Recordable {
  /** Name of the recorded file without its ending: lesson and number. */
  readonly name: string;
  readonly entry: ExhibitEntry;
  readonly exhibit: AnyExhibit;
  readonly input: unknown;
}

/** All exhibits of all lessons, in order. Throws where a lesson asks for what its exhibit can't do. */
export async function recordables(corpus: Corpus): Promise<Recordable[]> {
  const found: Recordable[] = [];
  for (const { slug, load } of lessons) {
    const { exhibits } = await load();
    for (const [position, entry] of exhibits.entries()) {
      const name = `${slug}.${position + 1}`;
      const kind = EXHIBITS[entry.kind];
      if (kind === undefined) throw new Error(`${name}: the kind ${entry.kind} is not in src/lessons/exhibits.ts.`);
      const exhibit = await kind.load();
      try {
        found.push({ name, entry, exhibit, input: exhibit.input(exhibit.start(new Settings(entry.settings), corpus)) });
      } catch (error) {
        throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  }
  return found;
}

/**
 * The model that an exhibit's settings name of which no file is known, as only the hub has it: then there is no recorded run, since
 * whoever records may be without the hub.
 */
export function hubModelOf({ entry }: Recordable, { models }: Manifest): string | undefined {
  return models.find(({ id, sha256 }) => sha256 === null && Object.values(entry.settings).includes(id))?.id;
}

/** Runs an exhibit at its start. What it gives has to survive being written down. */
export async function runOnce({ name, exhibit, input }: Recordable, lab: Lab, onProgress: (done: number, total: number) => void): Promise<Pick<Recorded, "input" | "data" | "device">> {
  if (input === undefined) throw new Error(`${name}: there is nothing to compute at the start.`);
  let { device } = (await lab.ranker()).info();
  const data = await exhibit.compute(lab, input, { signal: new AbortController().signal, onProgress, ran: (name) => (device = name) });
  const written = JSON.parse(JSON.stringify(data)) as unknown;
  if (!same(written, data)) throw new Error(`${name}: what was computed is no plain JSON.`);
  return { input, data: written, device };
}
