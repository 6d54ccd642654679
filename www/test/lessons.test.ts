/** The lessons as they are: their exhibits can be shown, their recorded runs are of today's models, and the texts say what these show. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "tabrank";
import { lessons } from "virtual:lessons";
import { Corpus, parseJsonLines, type LabelledQuery, type Passage } from "../src/corpus";
import { markOf } from "../src/labels";
import { movement, ranking } from "../src/lessons/exhibits/trap/findings";
import type { TrapData } from "../src/lessons/exhibits/trap";
import { strongest } from "../src/lessons/exhibits/words/findings";
import type { WordsData } from "../src/lessons/exhibits/words";
import { outdated, type Recorded } from "../src/lessons/recorded";
import { hubModelOf, recordables, type Recordable } from "../src/lessons/recording";

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(file(path), "utf8");
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(file(path))).digest("hex");
const recorded = (name: string): Recorded => JSON.parse(read(`www/lessons/recorded/${name}.json`)) as Recorded;

const corpus = new Corpus(
  parseJsonLines<Passage>(read("corpus/passages.jsonl"), "passages.jsonl"),
  parseJsonLines<LabelledQuery>(read("corpus/queries.jsonl"), "queries.jsonl"),
);
const manifest = JSON.parse(read("models/manifest.json")) as Manifest;
let exhibits: Recordable[] = [];

beforeAll(async () => {
  exhibits = await recordables(corpus);
});

describe("the lessons", () => {
  it("are there, with exhibits that can start", () => {
    expect(lessons.length).toBeGreaterThan(0);
    expect(exhibits.length).toBeGreaterThanOrEqual(lessons.length);
    expect(exhibits.filter(({ input }) => input === undefined).map(({ name }) => name)).toEqual([]);
  });

  it("link into the search and into lessons with addresses that say what they mean", async () => {
    const known = new Set(["q", "pool", "k", "bi", "cross", "device", "lesson", "lessons", "bench"]);
    for (const { slug, load } of lessons) {
      const { html, exhibits: own } = await load();
      for (const [, href] of html.matchAll(/href="(\?[^"]*)"/g)) {
        const unknown = [...new URLSearchParams((href ?? "").replaceAll("&amp;", "&")).keys()].filter((key) => !known.has(key) && !/^x\d+\./.test(key));
        expect(unknown, `${slug}: ${href}`).toEqual([]);
      }
      for (const [, id] of html.matchAll(/href="#([^"]*)"/g)) expect(html, `${slug}: #${id}`).toContain(`id="${id}"`);
      expect(own.length, slug).toBe([...html.matchAll(/<figure /g)].length);
    }
  });
});

describe("the recorded runs", () => {
  const MEND = "run `node tools/record.mjs` in the repository's root";

  it("are there for every exhibit but those with models of the hub, and for nothing else", () => {
    const names = exhibits.filter((exhibit) => hubModelOf(exhibit, manifest) === undefined).map(({ name }) => `${name}.json`);
    const files = readdirSync(file("www/lessons/recorded"));
    expect(names.filter((name) => !files.includes(name)), `Not recorded: ${MEND}`).toEqual([]);
    expect(files.filter((name) => !names.includes(name)), `Recorded of no exhibit: ${MEND}`).toEqual([]);
  });

  it("are of the present exhibits, corpus and models", () => {
    const present = {
      corpus: { passages: sha256("corpus/passages.jsonl"), queries: sha256("corpus/queries.jsonl") },
      models: new Map(manifest.models.map(({ id, sha256 }) => [id, sha256])),
    };
    const old = exhibits.flatMap(({ name, input }) => {
      if (!existsSync(file(`www/lessons/recorded/${name}.json`))) return [];
      const reason = outdated(recorded(name), { ...present, input });
      return reason === undefined ? [] : [`${name}: ${reason}`];
    });
    expect(old, `Recorded runs are out of date: ${MEND}`).toEqual([]);
  });
});

// What the texts say outright. Where one of these fails after a change of model or corpus, the lesson has to be read again.
describe("what lesson 1 says", () => {
  it("is what its exhibit shows", () => {
    const trap = recorded("the-trap.1").data as TrapData;
    const order = (scores: "cosines" | "logits", asked: 0 | 1): string[] => ranking(trap, scores, asked).map(({ id }) => id);
    expect(order("cosines", 0), "the bi-encoder puts the same passages in the same order").toEqual(order("cosines", 1));
    const [level, steep] = [movement(trap, "cosines").share, movement(trap, "logits").share];
    expect(steep, "level on the left, steep on the right").toBeGreaterThan(3 * level);
    const query = corpus.labelled("woodwind instrument that does not need a reed");
    expect(query && markOf(query, order("logits", 0)[0] ?? ""), "its first place comes out right").toBe("answers");
  });
});

describe("what lesson 2 says", () => {
  it("is what its exhibit shows", () => {
    const words = recorded("why.1").data as WordsData;
    const not = words.query.find(({ text }) => text === "not");
    expect(Math.abs(not?.cosine ?? Number.NaN), "the cosine hardly knows that it is there").toBeLessThan(0.01);
    const strong = strongest({ ...words, passage: [] }, "cosine", 2).map(({ text }) => text);
    expect(strong, "it hangs on what the question is about").toEqual(["instrument", "woodwind"]);
  });
});
