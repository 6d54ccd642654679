import { expect, test } from "vitest";
import { ScoreCache } from "../src/cache.js";

const score = (logit: number) => ({ logit, truncated: false });

test("a pair is found by both its texts, and by nothing else", () => {
  const cache = new ScoreCache(10);
  cache.set("a", "bc", score(1));
  expect(cache.get("a", "bc")).toEqual(score(1));
  for (const [query, passage] of [["ab", "c"], ["a", "b"], ["bc", "a"], ["a", ""], ["", "abc"]] as const) {
    expect(cache.get(query, passage)).toBeUndefined();
  }
  cache.set("bc", "a", score(2));
  expect([cache.get("a", "bc"), cache.get("bc", "a")]).toEqual([score(1), score(2)]);
});

test("a text may be query and passage at once", () => {
  const cache = new ScoreCache(2);
  cache.set("same", "same", score(3));
  expect(cache.get("same", "same")).toEqual(score(3));
  expect(cache.characters).toBe(4);
  cache.set("x", "y", score(1));
  cache.set("x", "z", score(1));
  expect(cache.get("same", "same")).toBeUndefined();
  expect(cache.characters).toBe(3);
});

test("what was used least recently goes first", () => {
  const cache = new ScoreCache(3);
  for (const passage of ["1", "2", "3"]) cache.set("q", passage, score(0));
  cache.get("q", "1");
  cache.set("q", "4", score(0));
  cache.set("q", "1", score(9));
  expect(["1", "2", "3", "4"].map((passage) => cache.get("q", passage) !== undefined)).toEqual([true, false, true, true]);
  // A pair's score never changes, so the first one stays.
  expect(cache.get("q", "1")).toEqual(score(0));
});

test("the characters are bounded too, and each text counts once", () => {
  const cache = new ScoreCache(1000, 100);
  for (let i = 10; i < 99; i++) cache.set("0123456789", `${i}3456789x`, score(i));
  expect(cache.characters).toBeLessThanOrEqual(100);
  expect(cache.size).toBe(9);
  expect(cache.get("0123456789", "983456789x")).toEqual(score(98));
});

test("giant texts aren't kept", () => {
  const cache = new ScoreCache(10);
  cache.set("q", "x".repeat(20_000), score(0));
  expect([cache.size, cache.characters]).toEqual([0, 0]);
});

test("none is kept where none is wanted, and none after the end", () => {
  const none = new ScoreCache(0);
  none.set("q", "p", score(0));
  expect(none.get("q", "p")).toBeUndefined();
  const cache = new ScoreCache(10);
  cache.set("q", "p", score(0));
  cache.clear();
  expect(cache.get("q", "p")).toBeUndefined();
  cache.set("q", "p", score(1));
  expect([cache.get("q", "p"), cache.size, cache.characters]).toEqual([score(1), 1, 2]);
});
