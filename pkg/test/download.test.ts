import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { download, readVerified } from "../src/download.js";
import { AbortError, ModelIntegrityError, ModelUnavailableError } from "../src/errors.js";
import { HeapRoom } from "../src/room.js";
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

  const get = (faults: Fault[], { bytes = file.length, sha256 = hash(file), signal = new AbortController().signal }: { bytes?: number | null; sha256?: string | null; signal?: AbortSignal } = {}) => {
    hub.faults.set("m.gguf", faults);
    const onBytes = vi.fn();
    const free = vi.fn();
    const arrived = download(new URL("a/b/resolve/main/m.gguf", hub.url).href, { file: "m.gguf", bytes, sha256 }, {
      makeRoom: async (bytes) => Object.assign(new HeapRoom(bytes, async (all) => hash(all)), { free }),
      cache: "default",
      patience: { times: 2, pause: 5, stall: 100 },
      signal,
      onBytes,
    });
    return { arrived, onBytes, free };
  };

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
