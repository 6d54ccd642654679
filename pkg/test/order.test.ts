import { expect, test } from "vitest";
import { bestFirst } from "../src/order.js";

test("the greatest logit comes first, equal ones stay as they were", () => {
  expect(bestFirst([1, 3, -2, 3, 1])).toEqual([1, 3, 0, 4, 2]);
  expect(bestFirst([])).toEqual([]);
});

test("zero stands above minus zero, as in Rust's total_cmp", () => {
  expect(bestFirst([-0, 0, -0, 0, -1e-45, 1e-45])).toEqual([5, 1, 3, 0, 2, 4]);
});
