import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { ModelRequest } from "../src/protocol.js";
import { HeapRoom } from "../src/room.js";
import { Lending } from "../src/shared.js";
import type { ManifestEntry } from "../src/types.js";
import { hash } from "./supply.js";

const file = new Uint8Array(1000).map((_, i) => i % 251);
const parts = [
  { at: 10, there: 20, bytes: 100 },
  { at: 500, there: 600, bytes: 50 },
];
const request = (id: string, entry: Partial<ManifestEntry>): ModelRequest => ({ from: "manifest", id, entry: { id, sha256: hash(file), ...entry } as ManifestEntry });
const lender = request("scout", {});
const borrower = request("judge", { shared: { with: "scout", sha256: hash(file), parts } });

function lent() {
  const room = new HeapRoom(file.length, async (bytes) => hash(bytes));
  room.append(file);
  return { room, bytes: file.length, sha256: hash(file) };
}

test("what is lent are copies, as the engine takes the file", async () => {
  const lending = new Lending(lender, borrower);
  const { room, ...rest } = lent();
  lending.give({ room, ...rest });
  room.view().fill(0);
  const taken = await Promise.all(lending.known.map(({ take }) => take()));
  expect(taken).toEqual(parts.map(({ there, bytes }) => file.slice(there, there + bytes)));
  expect(lending.known).toMatchObject(parts.map(({ at, bytes }) => ({ at, bytes })));
});

test("nothing is known of what the lender can't give", async () => {
  const lending = new Lending(lender, borrower);
  lending.giveUp();
  expect(await lending.known[0]?.take()).toBeNull();
});

test.each<[string, ModelRequest | null, ModelRequest]>([
  ["without a lender", null, borrower],
  ["from a lender of another version", request("scout", { sha256: hash("other") }), borrower],
  ["from another lender", request("other", {}), borrower],
  ["from bytes", { from: "bytes", id: "scout", bytes: file }, borrower],
  ["for who needs nothing", lender, request("judge", {})],
])("nothing is lent %s", (_, from, to) => {
  const lending = new Lending(from, to);
  lending.give(lent());
  expect(lending.known).toEqual([]);
});

test("the manifest says what the two default models share", () => {
  const tool = fileURLToPath(new URL("../../tools/shared.mjs", import.meta.url));
  expect(() => execFileSync(process.execPath, [tool, "--check"], { stdio: "pipe" })).not.toThrow();
});
