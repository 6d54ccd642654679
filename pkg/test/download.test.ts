import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { download, readVerified } from "../src/download.js";
import { AbortError, ModelIntegrityError, ModelUnavailableError } from "../src/errors.js";
import { HeapRoom } from "../src/room.js";
import type { Known } from "../src/shared.js";
import { repositoryOf, startHub, type Fault, type Hub } from "./hub-server.js";
import { hash } from "./supply.js";

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
    makeRoom: async (bytes: number) => new HeapRoom(bytes, async (all) => hash(all)),
    signal: new AbortController().signal,
    onBytes,
  };
  return { onBytes, room: readVerified(response, { file: "m.gguf", bytes: file.length, sha256: hash(file), ...expected }, options) };
};

describe("a body", () => {
  test("arrives as it is, and is counted", async () => {
    const { room, onBytes } = read(body());
    const arrived = await room;
    expect([hash(arrived.room.view()), arrived.bytes]).toEqual([hash(file), file.length]);
    expect(onBytes.mock.calls[0]).toEqual([0, file.length]);
    expect(onBytes.mock.calls.at(-1)).toEqual([file.length, file.length]);
  });

  test("is refused if it breaks off, is longer, shorter, or another", async () => {
    const sizes = { longer: { bytes: file.length - 1 }, shorter: { bytes: file.length + 1 }, another: { sha256: hash(parts[2] as Uint8Array) } };
    for (const expected of Object.values(sizes)) await expect(read(body(), expected).room).rejects.toThrow(ModelIntegrityError);
    await expect(read(body({ fails: true })).room).rejects.toThrow(/then the connection broke/);
  });
});

describe("a download", () => {
  let hub: Hub;

  beforeEach(async () => {
    hub = await startHub();
    hub.repositories.set("a/b", repositoryOf({ "m.gguf": file }));
  });

  afterEach(() => hub.close());

  interface Wanted {
    bytes?: number | null;
    sha256?: string | null;
    signal?: AbortSignal;
    known?: Known[];
  }

  const get = (faults: Fault[], { bytes = file.length, sha256 = hash(file), signal = new AbortController().signal, known = [] }: Wanted = {}) => {
    hub.faults.set("m.gguf", faults);
    const onBytes = vi.fn();
    const free = vi.fn();
    const arrived = download(new URL("a/b/resolve/main/m.gguf", hub.url).href, { file: "m.gguf", bytes, sha256 }, {
      makeRoom: async (bytes) => Object.assign(new HeapRoom(bytes, async (all) => hash(all)), { free }),
      cache: "default",
      patience: { times: 2, pause: 5, stall: faults.includes("stall") ? 100 : 10_000 },
      signal,
      onBytes,
      known,
    });
    return { arrived, onBytes, free };
  };

  /** A part that needn't be fetched; or can't be had, though that was said. */
  const known = (at: number, bytes: number, there = true): Known => ({ at, bytes, take: async () => (there ? file.slice(at, at + bytes) : null) });
  const last = file.length - 200_000;

  test.each<[string, Known[], Fault[], string[]]>([
    ["in the middle", [known(907, 300_000)], [], ["0-906", "300907-"]],
    ["side by side, and to the end", [known(907, 1000), known(1907, 5000), known(last, 200_000)], [], ["0-906", `6907-${last - 1}`]],
    ["that can't be had after all", [known(907, 1000, false), known(5000, 1000)], [], ["0-906", "907-4999", "6000-"]],
    ["from a server that is busy, and whose connections break", [known(907, 1000), known(600_000, 1000)], [{ status: 503 }, { cutAfter: 500 }, { cutAfter: 400 }, { cutAfter: 9000 }, { status: 429 }], ["0-906", "0-906", "500-906", "900-906", "1907-599999", "1907-599999", "601000-"]],
    ["from a server that doesn't know of ranges", [known(907, 1000)], ["no ranges"], ["0-906"]],
    ["from a server that does so at first only", [known(907, 1000), known(600_000, 1000)], ["slow", "no ranges"], ["0-906", "1907-599999"]],
  ])("leaves out what is known %s", async (_, parts, faults, asked) => {
    const { arrived, onBytes } = get(faults, { known: parts });
    const { room, bytes } = await arrived;
    expect([hash(room.view()), bytes]).toEqual([hash(file), file.length]);
    expect(hub.asked).toEqual(asked.map((range) => `m.gguf bytes=${range}`));
    expect(onBytes.mock.calls.at(-1)).toEqual([file.length, file.length]);
  });

  test("with something known that isn't in it is refused", async () => {
    const wrong = { ...known(907, 1000), take: async () => file.slice(0, 1000) };
    const { arrived, free } = get([], { known: [wrong] });
    await expect(arrived).rejects.toThrow(ModelIntegrityError);
    expect(free).toHaveBeenCalledOnce();
  });

  test.each<[string, Fault[], (string | RegExp)[]]>([
    ["follows redirects to another origin", [], ["m.gguf"]],
    ["takes its time", ["slow"], ["m.gguf"]],
    ["goes on where the connection broke, as often as there is something new", [300_000, 200_000, 100, 100_000].map((cutAfter) => ({ cutAfter })), ["m.gguf", ...Array(4).fill(/^m\.gguf bytes=\d+-$/)]],
    ["begins again where the server doesn't know of ranges", [{ cutAfter: 300_000 }, "no ranges"], ["m.gguf", /^m\.gguf bytes=/]],
    ["doesn't wait for ever for a connection that stalls", ["stall"], ["m.gguf", /^m\.gguf bytes=/]],
    ["asks again when the server is busy", [{ status: 429, retryAfter: 0.01 }, { status: 503 }], ["m.gguf", "m.gguf", "m.gguf"]],
    ["asks again when it is busy in the middle", [{ cutAfter: 300_000 }, { status: 500 }], ["m.gguf", /bytes=/, /bytes=/]],
  ])("%s", async (_, faults, asked) => {
    const { arrived, onBytes, free } = get(faults);
    const { room, bytes } = await arrived;
    expect([hash(room.view()), bytes]).toEqual([hash(file), file.length]);
    expect(hub.asked).toEqual(asked.map((one) => (typeof one === "string" ? one : expect.stringMatching(one))));
    const counts = onBytes.mock.calls.map(([loaded]) => loaded as number);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(file.length);
    expect(free).not.toHaveBeenCalled();
  });

  test("of unknown size goes on as well", async () => {
    const { room } = await get([{ cutAfter: 300_000 }], { bytes: null }).arrived;
    expect(hash(room.view())).toBe(hash(file));
  });

  test("gives up when nothing new comes, and gives its memory back", async () => {
    const { arrived, free } = get([{ cutAfter: 300_000 }, { cutAfter: 0 }, { cutAfter: 0 }, { cutAfter: 0 }]);
    await expect(arrived).rejects.toThrow(/then the connection broke/);
    expect(hub.asked).toHaveLength(3);
    expect(free).toHaveBeenCalledOnce();
  });

  test("of unknown hash begins anew, as the rest may be another file's", async () => {
    const { room } = await get([{ cutAfter: 300_000 }], { sha256: null }).arrived;
    expect([hash(room.view()), hub.asked]).toEqual([hash(file), ["m.gguf", "m.gguf"]]);
  });

  test.each([
    [[503, 503, 503], 503, 3],
    [[404], 404, 2],
  ])("says with what it gave up in the middle: %j", async (statuses, status, asked) => {
    const { arrived } = get([{ cutAfter: 300_000 }, ...statuses.map((status) => ({ status }))]);
    await expect(arrived).rejects.toMatchObject({ code: "model-unavailable", status });
    expect(hub.asked).toHaveLength(asked);
  });

  test("gives up on a server that stays busy", async () => {
    const { arrived } = get([429, 429, 429, 429].map((status) => ({ status })));
    await expect(arrived).rejects.toThrow(ModelUnavailableError);
    await expect(arrived).rejects.toMatchObject({ status: 429 });
    expect(hub.asked).toHaveLength(3);
  });

  test("isn't asked for again if it isn't there", async () => {
    await expect(get([{ status: 404 }]).arrived).rejects.toMatchObject({ missing: true });
    expect(hub.asked).toHaveLength(1);
  });

  test.each<[string, Fault[]]>([
    ["wrong bytes", ["wrong"]],
    ["wrong bytes after a break", [{ cutAfter: 300_000 }, "wrong"]],
    ["wrong bytes from a server that no longer has any more", [{ cutAfter: 300_000 }, { status: 416 }, "wrong"]],
  ])("with %s is refused", async (_, faults) => {
    const { arrived, free } = get(faults);
    await expect(arrived).rejects.toThrow(ModelIntegrityError);
    expect(free).toHaveBeenCalledOnce();
  });

  test("is aborted at once, also while it waits", async () => {
    const controller = new AbortController();
    const { arrived } = get([{ status: 503, retryAfter: 20 }], { signal: controller.signal });
    await vi.waitUntil(() => hub.asked.length === 1);
    const start = performance.now();
    setTimeout(() => controller.abort(), 20);
    await expect(arrived).rejects.toThrow(AbortError);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
