import { createHash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { HeapRoom, readVerified, type Bytes } from "../src/download.js";
import { ModelIntegrityError } from "../src/errors.js";

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const file = new Uint8Array(1_000_003).map((_, i) => i % 251);
/** Parts of many sizes. */
const parts = [1, 0, 300_000, 262_144, 7, 400_000].reduce<Uint8Array<ArrayBuffer>[]>((all, length) => {
  const start = all.reduce((sum, part) => sum + part.length, 0);
  return [...all, file.slice(start, start + length)];
}, []);
parts.push(file.slice(parts.reduce((sum, part) => sum + part.length, 0)));

/** A body that comes in parts. */
function body({ fails = false } = {}): Response {
  const left = parts.filter(({ length }) => length > 0).map((part) => part.slice());
  const pull = (controller: ReadableStreamDefaultController) => {
    const part = left.shift();
    if (fails && left.length === 1) controller.error(new TypeError("network error"));
    else if (part) controller.enqueue(part);
    else controller.close();
  };
  return new Response(new ReadableStream({ pull }));
}

const read = (response: Response, expected: Partial<{ bytes: number | null; sha256: string }> = {}) => {
  const onBytes = vi.fn();
  const options = {
    digest: async (bytes: Bytes) => hash(bytes),
    makeRoom: async (bytes: number) => new HeapRoom(bytes),
    signal: new AbortController().signal,
    onBytes,
  };
  return { onBytes, room: readVerified(response, { file: "m.gguf", bytes: file.length, sha256: hash(file), ...expected }, options) };
};

describe("a body", () => {
  test("arrives as it is, and is counted", async () => {
    const { room, onBytes } = read(body());
    expect(hash((await room).view())).toBe(hash(file));
    expect(onBytes.mock.calls[0]).toEqual([0, file.length]);
    expect(onBytes.mock.calls.at(-1)).toEqual([file.length, file.length]);
  });

  test("is refused if it breaks off, is longer, shorter, or another", async () => {
    const sizes = { longer: { bytes: file.length - 1 }, shorter: { bytes: file.length + 1 }, another: { sha256: hash(parts[2] as Uint8Array) } };
    for (const expected of Object.values(sizes)) await expect(read(body(), expected).room).rejects.toThrow(ModelIntegrityError);
    await expect(read(body({ fails: true })).room).rejects.toThrow(/then the connection broke/);
  });
});
