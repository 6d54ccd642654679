import { describe, expect, test } from "vitest";
import { BadInputError } from "../src/errors.js";
import { usualWorkers, workersWanted } from "../src/workers.js";

describe("the usual number of workers", () => {
  test.each([
    [{ cores: 1 }, 1],
    [{ cores: 2 }, 2],
    [{ cores: 3 }, 2],
    [{ cores: 4 }, 3],
    [{ cores: 5 }, 4],
    [{ cores: 64 }, 4],
    [{ cores: 8, memory: 8 }, 4],
    [{ cores: 8, memory: 4 }, 4],
    [{ cores: 8, memory: 2 }, 1],
    [{ cores: 8, memory: 0.5 }, 1],
    [{ memory: 8 }, 2],
    [{}, 2],
    [{ cores: 0 }, 1],
  ])("of %o is %i", (machine, workers) => {
    expect(usualWorkers(machine)).toBe(workers);
  });
});

describe("the option", () => {
  const machine = { cores: 4 };
  test("may be left out, or leave it to us", () => {
    expect(workersWanted(undefined, machine)).toBe(3);
    expect(workersWanted("auto", machine)).toBe(3);
  });
  test("is taken at its word, within reason", () => {
    expect(workersWanted(1, machine)).toBe(1);
    expect(workersWanted(8, machine)).toBe(8);
    expect(workersWanted(1e9, machine)).toBe(16);
  });
  test.each([0, -1, 1.5, Number.NaN, "2", "all", null, true])("is refused by name: %s", (option) => {
    expect(() => workersWanted(option, machine)).toThrow(BadInputError);
    expect(() => workersWanted(option, machine)).toThrow(/workers/);
  });
});
