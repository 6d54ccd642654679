import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { siteData } from "../site-data";

const DIGEST = "0123456789abcdef".repeat(4);
const entry = (id: string, sha256: string | null) => ({ id, file: `${id}.gguf`, bytes: sha256 === null ? null : 3, sha256 });

let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "site-data-"));
  await mkdir(join(root, "models"));
  await mkdir(join(root, "corpus"));
  const manifest = { defaults: {}, models: [entry("ours", "a".repeat(64)), entry("converted", null), entry("absent", null)] };
  await writeFile(join(root, "models/manifest.json"), JSON.stringify(manifest));
  await writeFile(join(root, "models/ours.gguf"), "abc");
  await writeFile(join(root, "models/converted.gguf"), "abcdef");
  await writeFile(join(root, "models/converted.gguf.sha256"), `${DIGEST}  converted.gguf\n`);
  await writeFile(join(root, "models/index.safetensors"), "vectors");
  await writeFile(join(root, "corpus/passages.jsonl"), "{}\n");
  await writeFile(join(root, "corpus/notes.txt"), "not for the site");
  await writeFile(join(root, "index.html"), "<!doctype html><title>t</title>");
});

afterEach(() => rm(root, { recursive: true }));

const run = () => build({ root, configFile: false, logLevel: "silent", plugins: [siteData(root)] });

describe("the site's data", () => {
  it("is copied, and nothing else is", async () => {
    await run();
    const names = await readdir(join(root, "dist"), { recursive: true });
    expect(names.filter((name) => name.includes("/")).sort()).toEqual([
      "corpus/index.safetensors",
      "corpus/passages.jsonl",
      "models/converted.gguf",
      "models/manifest.json",
      "models/ours.gguf",
    ]);
  });

  it("knows size and hash of a model that was converted here, and of no other", async () => {
    await run();
    const manifest = JSON.parse(await readFile(join(root, "dist/models/manifest.json"), "utf8")) as { models: unknown[] };
    expect(manifest.models).toEqual([
      entry("ours", "a".repeat(64)),
      { ...entry("converted", null), bytes: 6, sha256: DIGEST },
      entry("absent", null),
    ]);
  });

  it("is not built with a sidecar that holds no hash", async () => {
    await writeFile(join(root, "models/converted.gguf.sha256"), "nothing");
    await expect(run()).rejects.toThrow("holds no SHA-256");
  });
});
