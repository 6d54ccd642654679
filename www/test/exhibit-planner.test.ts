import { describe, expect, it } from "vitest";
import { Corpus } from "../src/corpus";
import { planner } from "../src/lessons/exhibits/planner";
import { NO_OWN, plan, poolWithin, unitCosts, type UnitCosts } from "../src/lessons/exhibits/planner/arithmetic";
import { budgetText, planText, rateText } from "../src/lessons/exhibits/planner/findings";
import { Settings } from "../src/lessons/settings";
import type { Costs } from "../src/measuring/costs";

const measured: Costs = {
  question: 6,
  questions: 192,
  compare: 1e-4,
  vectors: 320,
  width: 384,
  lengths: [
    { words: 20, embed: 5, read: 4 },
    { words: 60, embed: 10, read: 20 },
    { words: 180, embed: 45, read: 65 },
  ],
  batch: 8,
  workers: 2,
  device: "cpu",
  biEncoder: "bi",
  crossEncoder: "cross",
};
const corpus = new Corpus([], []);
const settings = { documents: 1_000_000, perDocument: 1, words: 60, pool: 50, budget: 1000 };
const start = planner.start(new Settings(settings), corpus);
const unit: UnitCosts = unitCosts(measured, 60, NO_OWN);

describe("planner", () => {
  it("multiplies", () => {
    expect(unit).toEqual({ question: 6, compare: 1e-4, passage: 10, pair: 20 });
    expect(plan(start, unit, 384)).toEqual({ passages: 1e6, pool: 50, vectors: 1e7, bytes: 388e6, first: 106, both: 1106, everything: 2e7 });
    expect(plan({ documents: 1000, perDocument: 20, pool: 200 }, unit, 384)).toMatchObject({ passages: 20_000, first: 8, everything: 4e5 });
    expect(plan({ documents: 10, perDocument: 1, pool: 50 }, unit, 384).pool).toBe(10);
  });
  it("takes typed costs for the usual length, and brings them to others as the measured ones go", () => {
    const own = { ...NO_OWN, pair: 1, compare: 0 };
    expect(unitCosts(measured, 60, own)).toEqual({ question: 6, compare: 0, passage: 10, pair: 1 });
    expect(unitCosts(measured, 180, own).pair).toBeCloseTo(65 / 20);
  });
  it("finds the pool that fits the time", () => {
    const made = plan(start, unit, 384);
    expect(poolWithin(1000, made, unit)).toBe(44);
    expect(poolWithin(110, made, unit)).toBe(0);
    expect(poolWithin(100, made, unit)).toBeUndefined();
    expect(poolWithin(1000, made, { ...unit, pair: 0 })).toBe(1e6);
    expect(budgetText(start, made, unit)).toBe("Within 1 s, the cross-encoder can read 44 candidates after the first stage: the pool of 50 does not fit.");
    expect(budgetText({ ...start, budget: 100 }, made, unit)).toContain("not even the first stage is done");
    expect(budgetText({ ...start, budget: 110 }, made, unit)).toContain("no candidate can be read");
    expect(budgetText({ ...start, documents: 1000, budget: 6e4 }, plan({ ...start, documents: 1000 }, unit, 384), unit)).toContain("could read every passage");
  });
  it("says what the plan comes to", () => {
    expect(planText(start, plan(start, unit, 384))).toBe(
      "1 million documents: making all vectors takes 2.8 h, once, and they take 388 MB. After that, a question takes 106 ms with the bi-encoder alone, " +
        "1.1 s with both stages and a pool of 50, and 5.6 h with a cross-encoder that reads everything.",
    );
    const large = { ...start, documents: 1e7, perDocument: 2 };
    expect(planText(large, plan(large, unit, 384))).toContain("10 million documents (20 million passages)");
    expect(planText(large, plan(large, unit, 384))).toContain("more than a browser’s tab can hold");
  });
  it("gives rates in units of which there is at least one", () => {
    expect([5, 106, 1106, 2e7, 3e12, 0].map(rateText)).toEqual(["200 a second", "9.4 a second", "54 a minute", "4.3 a day", "less than 1 a year", ""]);
  });
  it("keeps in the address what isn't as at the start, and takes it back", () => {
    const state = { ...start, pool: 100, own: { ...NO_OWN, pair: 0.5 } };
    const kept = planner.keep(state, start);
    expect(kept).toEqual({ pool: "100", cr: "0.5" });
    expect(planner.keep(start, start)).toEqual({});
    expect(planner.restore(start, new Map(Object.entries(kept)), corpus)).toEqual(state);
  });
  it("makes the best of any address", () => {
    const kept = new Map([["n", "3"], ["pool", "-1"], ["w", "x"], ["ms", ""], ["cq", "NaN"], ["cp", "-5"], ["cv", "Infinity"], ["cr", ""]]);
    expect(planner.restore(start, kept, corpus)).toEqual(start);
  });
  it("has one and the same input whatever is planned", () => {
    expect(planner.input({ ...start, pool: 1 })).toEqual(planner.input(start));
  });
  it("refuses settings between the steps", () => {
    expect(() => planner.start(new Settings({ ...settings, pool: 51 }), corpus)).toThrow("pool must be one of");
    expect(() => planner.start(new Settings({ ...settings, more: 1 }), corpus)).toThrow("more");
  });
});
