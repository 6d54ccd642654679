/**
 * A cascade: a small cross-encoder reads many candidates, a larger one the best of them; against either of them alone.
 *
 * Settings: `small`, `large`, ids of the manifest; `read`, how many candidates each reads, two of the values in cascade/knobs.ts.
 */

import type { Interval } from "tabrank/evaluate";
import { significant } from "../../measuring/quantities";
import { denseRankings, percentiles, RELEVANT } from "../../measuring/runs";
import type { ComputeOptions, Exhibit, Stage } from "../exhibit";
import type { Lab } from "../lab";
import type { Settings } from "../settings";
import { allWays, DEEPEST, EVERY, READS, sameWay, type CascadeData, type CascadeInput, type CascadeState, type Difference, type Measured, type Way } from "./cascade/knobs";
import { readPools, type Reading } from "./cascade/reading";
import { CascadeShowing } from "./cascade/showing";
import { rankingsOf, timesOf } from "./cascade/ways";

/** The longest name of a model that is taken from an address. */
const LONGEST = 100;

/** The exhibit. */
export const cascade: Exhibit<CascadeState, CascadeInput, CascadeData> = {
  start(settings: Settings): CascadeState {
    const [small, large, read] = [settings.text("small"), settings.text("large"), settings.numbers("read")];
    settings.end();
    const [first, then] = read;
    if (read.length !== 2 || first === undefined || then === undefined || !READS.includes(first) || !READS.includes(then) || then >= first) {
      throw new Error(`read must be two of ${READS.join(", ")}, the greater one first, but it is ${read.join(", ")}.`);
    }
    return { small, large, read: [first, then], every: 1 };
  },

  restore(start, kept) {
    const model = (key: string, usual: string): string => {
      const id = kept.get(key)?.trim() ?? "";
      return id === "" || id.length > LONGEST ? usual : id;
    };
    const read = (key: string, usual: number): number => READS.find((one) => String(one) === kept.get(key)) ?? usual;
    return {
      small: model("small", start.small),
      large: model("large", start.large),
      read: [read("first", start.read[0]), read("then", start.read[1])],
      every: EVERY.find((one) => String(one) === kept.get("every")) ?? start.every,
    };
  },

  keep({ small, large, read: [first, then], every }, start) {
    return {
      ...(small === start.small ? {} : { small }),
      ...(large === start.large ? {} : { large }),
      ...(first === start.read[0] ? {} : { first: String(first) }),
      ...(then === start.read[1] ? {} : { then: String(then) }),
      ...(every === start.every ? {} : { every: String(every) }),
    };
  },

  input: ({ small, large, every }) => ({ small, large, against: AGAINST, every }),

  compute,

  show: (stage: Stage<CascadeState>) => new CascadeShowing(stage),

  effort: "several minutes",
};

/** What all ways are held against: the large cross-encoder alone, reading so many. */
const AGAINST = 20;

async function compute(lab: Lab, { small, large, against, every }: CascadeInput, { signal, onProgress, ran }: ComputeOptions): Promise<CascadeData> {
  const models = new Set([small, large]);
  for (const model of models) insistOn(lab, model);
  // One that can't be had is better known before the other has read for minutes. The small one last: it reads first.
  for (const model of [large, small]) await lab.reranker(model, signal);
  const ranker = await lab.ranker(signal);
  const { passages, queries } = lab.corpus;
  const labelled = { passages, queries: queries.filter((_, i) => i % every === 0) };
  const first: number[] = [];
  const found = await denseRankings(ranker, labelled, DEEPEST, { signal, onAnswer: ({ milliseconds }) => first.push(milliseconds) });
  const rankings = found.map(({ documents }) => documents);

  let total = models.size * rankings.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  const counting = {
    signal,
    onPairs: (pairs: number): void => onProgress((done += pairs), total),
    onMore: (pairs: number): void => void (total += pairs),
  };
  // One after the other: only one other than that in use is kept.
  const readings = new Map<string, Reading>();
  for (const model of models) {
    const reading = await readPools(await lab.reranker(model, signal), labelled, rankings, against, counting);
    ran(reading.device);
    readings.set(model, reading);
  }
  const [byLarge, bySmall] = [readings.get(large), readings.get(small)];
  if (byLarge === undefined || bySmall === undefined) throw new Error("A cross-encoder has read nothing.");
  const parts = { labelled, rankings, first, small: bySmall, large: byLarge, cut: against };

  const evaluator = await lab.evaluator(signal);
  const measured: { way: Way; times: number[]; ndcg: number[]; precision: number[] }[] = [];
  // One after the other: putting thousands of rankings in order at once would hold up the page.
  for (const way of allWays()) {
    signal.throwIfAborted();
    const metrics = await evaluator.measure(rankingsOf(way, parts), { relevant: RELEVANT });
    measured.push({ way, times: timesOf(way, parts), ndcg: metrics.map((metric) => metric["ndcg@10"]), precision: metrics.map((metric) => metric["precision@1"]) });
  }
  const baseline = measured.find(({ way }) => sameWay(way, { by: "large", reads: [against] }));
  if (baseline === undefined) throw new Error(`Nothing reads ${against}.`);
  const ways: Measured[] = [];
  for (const { way, times, ndcg, precision } of measured) {
    signal.throwIfAborted();
    const [quality, right] = [await evaluator.compare(baseline.ndcg, ndcg), await evaluator.compare(baseline.precision, precision)];
    const time = percentiles(times) ?? { p50: 0, p95: 0 };
    ways.push({
      ...way,
      ndcg: interval(quality.after),
      precision: interval(right.after),
      time: { p50: significant(time.p50, 3), p95: significant(time.p95, 3) },
      difference: way === baseline.way ? null : { ndcg: difference(quality), precision: difference(right) },
    });
  }
  const reader = ({ device, workers }: Reading): { device: string; workers: number } => ({ device, workers });
  return {
    questions: rankings.length,
    timed: timesOf({ by: "cascade", reads: [DEEPEST, against] }, parts).filter(Number.isFinite).length,
    ways,
    readers: { small: reader(bySmall), large: reader(byLarge) },
  };
}

/** Says plainly which cross-encoders there are, before anything is loaded. */
function insistOn({ manifest }: Lab, model: string): void {
  const ids = manifest.models.filter(({ role }) => role === "cross-encoder").map(({ id }) => id);
  if (!ids.includes(model)) throw new Error(`There is no cross-encoder called “${model}” here; there are ${ids.join(", ")}.`);
}

function interval({ mean, low, high }: Interval): Interval {
  return { mean, low, high };
}

function difference({ difference: change, verdict }: { difference: Interval; verdict: Difference["verdict"] }): Difference {
  return { ...interval(change), verdict };
}
