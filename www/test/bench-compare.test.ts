import type { Manifest } from "tabrank";
import { describe, expect, it } from "vitest";
import { agreement, kendall } from "../src/bench/compare/agreement";
import { firstSetups, readCompareSettings, setupName, writeCompareSettings, type Setup, type Usual } from "../src/bench/compare/setups";

const ranked = (order: string, logits: readonly number[] = []) => [...order].map((id, i) => ({ id, logit: logits[i] ?? -i }));

describe("agreement", () => {
  it("of two orders is Kendall's tau over what both hold", () => {
    expect(kendall(ranked("abcd"), ranked("abcd"))).toEqual({ tau: 1, shared: 4 });
    expect(kendall(ranked("abcd"), ranked("dcba"))).toEqual({ tau: -1, shared: 4 });
    // One of six pairs is the other way round.
    expect(kendall(ranked("abcd"), ranked("abdc"))?.tau).toBeCloseTo(2 / 3, 12);
    expect(kendall(ranked("abcx"), ranked("yacb"))).toEqual({ tau: 1 - 2 / 3, shared: 3 });
    expect(kendall(ranked("ab"), ranked("cd"))).toBeUndefined();
    expect(kendall(ranked("ab"), ranked("bz"))).toBeUndefined();
  });

  it("of logits is their largest difference over the pairs that both have read", () => {
    const one = [{ query: "q", ranking: ranked("abc", [3, 2, 1]) }, { query: "r", ranking: ranked("ab", [1, 0]) }];
    expect(agreement(one, one)).toEqual({ tau: 1, pairs: 5, difference: 0 });
    const other = [{ query: "q", ranking: ranked("bad", [2.5, 2.25, 9]) }, { query: "r", ranking: ranked("ab", [1, 0]) }];
    expect(agreement(one, other)).toEqual({ tau: 0, pairs: 4, difference: 0.75 });
    expect(agreement(one, [])).toEqual({ tau: undefined, pairs: 0, difference: undefined });
  });
});

describe("set-ups", () => {
  const model = (id: string, role: string) => ({ id, role, bytes: 1 });
  const manifest = { models: [model("x1", "cross-encoder"), model("x2", "cross-encoder"), model("b1", "bi-encoder"), { id: "x3", role: "cross-encoder", bytes: null }] } as unknown as Manifest;
  const usual: Usual = { manifest, biEncoder: "b1", crossEncoder: "x1", cores: 4 };
  const setup = (change: Partial<Setup> = {}): Setup => ({ biEncoder: "b1", crossEncoder: "x1", device: "cpu", workers: 1, ...change });

  it("stand in the address", () => {
    const start = readCompareSettings([], usual);
    expect(start).toEqual({ setups: [setup(), setup({ workers: 3 })], asked: "question", build: undefined });
    expect(writeCompareSettings(start, usual)).toEqual([]);
    const other = { setups: [setup({ workers: 2 }), setup({ device: "webgpu" }), setup({ crossEncoder: "x2" })], asked: "labelled", build: "simd128" } as const;
    expect(readCompareSettings(writeCompareSettings(other, usual), usual)).toEqual(other);
    expect(firstSetups({ ...usual, cores: 1 }).map(({ workers }) => workers)).toEqual([1, 2]);
  });

  it("take nothing else from one", () => {
    const odd = (value: string) => readCompareSettings([["set", value]], usual).setups;
    expect(odd("")).toEqual([setup(), setup({ workers: 3 })]);
    expect(odd("abacus,-4,x3,x1")[0]).toEqual(setup());
    expect(odd("webgpu,900,x2")[0]).toEqual(setup({ device: "webgpu", workers: 16, crossEncoder: "x2" }));
    expect(readCompareSettings(Array.from({ length: 9 }, () => ["set", "cpu,2"] as const), usual).setups).toHaveLength(4);
  });

  it("are called by what sets them apart", () => {
    const all = [setup(), setup({ workers: 2 }), setup({ device: "webgpu" })];
    expect(all.map((one) => setupName(one, all))).toEqual(["CPU, 1 worker", "CPU, 2 workers", "WebGPU, 1 worker"]);
    expect(setupName(setup(), [setup(), setup()])).toBe("the same once more");
  });
});
