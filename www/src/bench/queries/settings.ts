/** What measuring is set to, in the address. Pure. */

import type { Manifest } from "tabrank";
import type { Own } from "../../address";
import { METRIC_KEYS, GROUPS, type Group, type Metric } from "../../measuring/reranking";
import { obtainable } from "../obtainable";
import { POOLS, STAGES, type SweepPlan, type SweepStage } from "../../measuring/sweep";

/** What is measured, and which part of it is looked at. */
export interface MeasureSettings extends SweepPlan {
  readonly metric: Metric;
  readonly group: Group;
  /** The pool, first stage and cross-encoder that the verdict is on. */
  readonly pool: number;
  readonly stage: SweepStage;
  readonly model: string;
}

const KEYS = { stages: "stages", pools: "pools", models: "models", metric: "m", group: "g", pool: "p", stage: "s", model: "x" } as const;

/** The keys of the address that are this part's. */
export const MEASURE_KEYS: ReadonlySet<string> = new Set(Object.values(KEYS));

/** What an address asks for; `usual` is the cross-encoder in use. */
export function readMeasureSettings(own: Own, usual: string, manifest: Manifest): MeasureSettings {
  const kept = new Map(own);
  const among = <T>(key: string, all: readonly T[], usually: readonly T[]): readonly T[] => {
    const asked = new Set((kept.get(key) ?? "").split(","));
    const found = all.filter((one) => asked.has(String(one)));
    return found.length === 0 ? usually : found;
  };
  const ids = obtainable(manifest).map(({ id }) => id);
  const first = ids.includes(usual) ? usual : (ids[0] ?? usual);
  const plan: SweepPlan = {
    stages: among(KEYS.stages, STAGES, ["dense"]),
    pools: among(KEYS.pools, POOLS, [5, 10, 20]),
    models: among(KEYS.models, ids, [first]),
  };
  const one = <T>(key: string, all: readonly T[], usually: T): T => all.find((value) => String(value) === kept.get(key)) ?? usually;
  return {
    ...plan,
    metric: one(KEYS.metric, METRIC_KEYS, "ndcg@10"),
    group: one(KEYS.group, Object.keys(GROUPS) as Group[], "all"),
    pool: one(KEYS.pool, plan.pools, plan.pools.at(-1) ?? 20),
    stage: one(KEYS.stage, plan.stages, plan.stages[0] ?? "dense"),
    model: one(KEYS.model, plan.models, plan.models[0] ?? first),
  };
}

/** The same for an address; what goes without saying is left out. */
export function writeMeasureSettings(settings: MeasureSettings, usual: string, manifest: Manifest): Own {
  const without = readMeasureSettings(
    [
      [KEYS.stages, settings.stages.join(",")],
      [KEYS.pools, settings.pools.join(",")],
      [KEYS.models, settings.models.join(",")],
    ],
    usual,
    manifest,
  );
  const start = readMeasureSettings([], usual, manifest);
  const list = (key: string, values: readonly (string | number)[], usually: readonly (string | number)[]): Own => (values.join() === usually.join() ? [] : [[key, values.join(",")]]);
  const single = (key: string, value: string | number, usually: string | number): Own => (value === usually ? [] : [[key, String(value)]]);
  return [
    ...list(KEYS.stages, settings.stages, start.stages),
    ...list(KEYS.pools, settings.pools, start.pools),
    ...list(KEYS.models, settings.models, start.models),
    ...single(KEYS.metric, settings.metric, without.metric),
    ...single(KEYS.group, settings.group, without.group),
    ...single(KEYS.pool, settings.pool, without.pool),
    ...single(KEYS.stage, settings.stage, without.stage),
    ...single(KEYS.model, settings.model, without.model),
  ];
}
