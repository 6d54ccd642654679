import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { AbortError } from "../src/errors.js";
import { Turns } from "../src/turns.js";

test("each waits for those before it, whatever becomes of them", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const work = (name: string, fails = false) => async () => {
    log.push(`${name} begins`);
    await sleep(5);
    log.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  };
  const all = [turns.take(work("a"), undefined), turns.take(work("b", true), undefined), turns.take(work("c"), undefined)];
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("one that gives up waiting is let go at once, and doesn't let the next one pass", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const controller = new AbortController();
  const first = turns.take(async () => {
    await sleep(20);
    log.push("first");
  }, undefined);
  const second = turns.take(async () => log.push("second"), controller.signal);
  const third = turns.take(async () => log.push("third"), undefined);
  controller.abort();
  await expect(second).rejects.toThrow(AbortError);
  expect(log).toEqual([]);
  await Promise.all([first, third]);
  expect(log).toEqual(["first", "third"]);
});
