import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { streamed } from "../src/stream.js";

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

describe("a stream", () => {
  test("gives what comes, in order, whether at once or later", async () => {
    const stream = streamed<number>(undefined, async (give) => {
      give([1, 2]);
      await sleep(5);
      give([]);
      give([3]);
      await sleep(5);
      give([4]);
    });
    expect(await all(stream)).toEqual([1, 2, 3, 4]);
  });

  test("ends with the error of the work, after what came before it", async () => {
    const found: number[] = [];
    const read = async () => {
      for await (const value of streamed<number>(undefined, async (give) => {
        give([1]);
        throw new Error("no more");
      })) {
        found.push(value);
      }
    };
    await expect(read()).rejects.toThrow("no more");
    expect(found).toEqual([1]);
  });

  test("stops the work when the loop is left", async () => {
    let stopped = false;
    for await (const _ of streamed<number>(undefined, async (give, signal) => {
      signal.addEventListener("abort", () => {
        stopped = true;
      });
      give([1, 2]);
      await sleep(10_000, undefined, { signal });
    })) {
      break;
    }
    expect(stopped).toBe(true);
  });

  test("hands on the caller's signal with its reason", async () => {
    const controller = new AbortController();
    const stream = streamed(controller.signal, (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
    setTimeout(() => controller.abort("enough"), 5);
    await expect(all(stream)).rejects.toBe("enough");
    await expect(all(streamed(controller.signal, async (_, signal) => signal.throwIfAborted()))).rejects.toBe("enough");
  });
});
