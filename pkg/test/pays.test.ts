import { describe, expect, test, vi } from "vitest";
import { moduleOfLoops, relaxedPays, type Loops } from "../src/pays.js";

/** Microseconds of a call of each loop. */
type Costs = Record<keyof Loops, number>;

const sdot: Costs = { relaxed: 1.4, words: 3.8 };
const vnni: Costs = { relaxed: 2, words: 3.2 };
const noSdot: Costs = { relaxed: 6.2, words: 5 };
const noVnni: Costs = { relaxed: 4.4, words: 3 };

/** After how many calls of a loop, and for how long, something else runs, time and again. */
type Pauses = Partial<Record<keyof Loops, readonly [number, number]>>;
/** How many times as long as usual a call takes. */
type Slowness = (name: keyof Loops, times: number) => number;

/** A processor, and a clock that shows its time in steps of `resolution` microseconds. */
function machine(costs: Costs, resolution: number, pauses: Pauses = {}, slowness: Slowness = () => 1) {
  const state = { time: 123.4 };
  const loop = (name: keyof Loops) => {
    let calls = 0;
    return vi.fn((times: number) => {
      state.time += ((costs[name] * times) / 128) * slowness(name, times);
      const [after, long] = pauses[name] ?? [];
      if (++calls % (after ?? Infinity) === 0) state.time += long ?? 0;
      return 1;
    });
  };
  const loops = { relaxed: loop("relaxed"), words: loop("words") };
  return { state, loops, pays: () => relaxedPays(() => loops, () => (Math.floor(state.time / resolution) * resolution) / 1000) };
}

/** One loop takes four times as long in some rounds, the first of which is 1: too little to be noticed. */
function slowedIn(rounds: readonly number[], slowed: keyof Loops): Slowness {
  let round = 0;
  let last: keyof Loops = "words";
  return (name, times) => {
    // Beforehand both are called for half as long.
    if (times === 128) {
      if (name === "relaxed" && last === "words") round++;
      last = name;
    }
    return name === slowed && rounds.includes(round) ? 4 : 1;
  };
}

describe("the relaxed build", () => {
  describe.each([
    [5, 0.85],
    [100, 1.1],
    [1000, 2.5],
  ])("by a clock of %i µs, and in %d ms a round", (resolution, round) => {
    test.each([
      ["sdot", sdot, true],
      ["VNNI", vnni, true],
      ["ARM without sdot", noSdot, false],
      ["x86 without VNNI", noVnni, false],
    ])("%s", (_, costs, expected) => {
      const { pays, state } = machine(costs, resolution);
      const start = state.time;
      expect(pays()).toBe(expected);
      // Three rounds for it, or two against it.
      expect(state.time - start).toBeLessThan((expected ? 3 : 2) * round * 1000);
    });
  });

  test.each([100, 1000])("is chosen or not whatever else runs now and then, by a clock of %i µs", (resolution) => {
    for (const long of [700, 3000, 10_000]) {
      for (const after of [1200, 1500, 2000]) {
        expect(machine(sdot, resolution, { relaxed: [after, long] }).pays()).toBe(true);
        expect(machine(noVnni, resolution, { words: [after, long] }).pays()).toBe(false);
      }
    }
  });

  test("isn't chosen for two rounds in which the other one was slowed down, nor refused for one in which it was itself", () => {
    for (const rounds of [[1], [2], [1, 2], [1, 3], [2, 3]]) expect(machine(noVnni, 5, {}, slowedIn(rounds, "words")).pays()).toBe(false);
    for (const rounds of [[1], [2], [3]]) expect(machine(sdot, 5, {}, slowedIn(rounds, "relaxed")).pays()).toBe(true);
  });

  test("isn't chosen where something else runs all the time", () => {
    const { pays, state } = machine(sdot, 100, { relaxed: [20, 3000], words: [20, 3000] });
    expect(pays()).toBe(false);
    expect(state.time).toBeLessThan(100_000);
  });

  test("isn't chosen by a clock that stands still", () => {
    const { pays, loops } = machine(sdot, 1e9);
    expect(pays()).toBe(false);
    expect(loops.relaxed.mock.calls.length).toBeLessThan(5000);
  });

  test("isn't chosen where nothing can be compiled", () => {
    const forbidden = () => {
      throw new WebAssembly.CompileError("refused by the Content-Security-Policy");
    };
    expect(relaxedPays(forbidden)).toBe(false);
  });
});

describe("the loops", () => {
  const bytes = moduleOfLoops();
  const places = (...code: number[]) => [...bytes.keys()].filter((at) => code.every((byte, i) => bytes[at + i] === byte));

  test("have as many of either instruction", () => {
    expect(places(0xfd, 0x93, 0x02)).toHaveLength(64);
    expect(places(0xfd, 0xba, 0x01)).toHaveLength(64);
  });

  test("run, and come to an end", () => {
    // v128.bitselect takes and gives as many vectors as the relaxed instruction, which this program may lack.
    const changed = bytes.slice();
    for (const at of places(0xfd, 0x93, 0x02)) changed.set([0xfd, 0xd2, 0x00], at);
    const { relaxed, words } = new WebAssembly.Instance(new WebAssembly.Module(changed)).exports as unknown as Loops;
    expect([relaxed(3, 1), words(3, 1)]).toEqual([1, 1]);
  });
});
