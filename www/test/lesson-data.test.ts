import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lessonData, readLessons } from "../lesson-data";
import type { LessonEntry } from "../src/lessons/lesson";

const lesson = (title: string, body: string): string => `---\ntitle: ${title}\nsummary: S.\nminutes: 5\n---\n${body}\n`;
const exhibit = "```exhibit\nkind: trap\ntitle: T\nwith: a\n```";

let root = "";
const folders = (): { lessons: string; exhibits: string } => ({ lessons: join(root, "lessons"), exhibits: join(root, "exhibits") });
const write = (name: string, text: string): Promise<void> => writeFile(join(root, name), text);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lesson-data-"));
  await mkdir(join(root, "lessons/recorded"), { recursive: true });
  await mkdir(join(root, "exhibits/trap"), { recursive: true });
  await write("exhibits/trap.ts", "");
  await write("lessons/README.md", "how to");
  await write("lessons/02-second.md", lesson("Second", `[back](?lesson=first)\n\n${exhibit}\n\n${exhibit}`));
  await write("lessons/01-first.md", lesson("First", "## One\n\nText."));
  await write("lessons/recorded/second.2.json", JSON.stringify({ made: "2026-01-02" }));
});

afterEach(() => rm(root, { recursive: true }));

describe("the modules of the lessons", () => {
  it("list them in order, and load each with its recorded runs", async () => {
    await write("entry.js", 'export { lessons } from "virtual:lessons";');
    await build({
      root,
      configFile: false,
      logLevel: "silent",
      plugins: [lessonData(folders())],
      build: { lib: { entry: join(root, "entry.js"), formats: ["es"], fileName: () => "entry.mjs" }, outDir: join(root, "dist") },
    });
    const { lessons } = (await import(pathToFileURL(join(root, "dist/entry.mjs")).href)) as { lessons: LessonEntry[] };
    expect(lessons.map(({ number, slug, title, minutes, headings }) => [number, slug, title, minutes, headings.length])).toEqual([
      [1, "first", "First", 5, 1],
      [2, "second", "Second", 5, 0],
    ]);
    const second = await lessons[1]?.load();
    expect(second?.html).toContain('<a href="?lesson=first">back</a>');
    expect(second?.exhibits.map(({ kind, title, settings }) => [kind, title, settings])).toEqual([
      ["trap", "T", { with: "a" }],
      ["trap", "T", { with: "a" }],
    ]);
    expect(second?.exhibits[0]?.recorded).toBeUndefined();
    expect(await second?.exhibits[1]?.recorded?.()).toEqual({ made: "2026-01-02" });
  });

  it("aren't made with a lesson at fault", async () => {
    await write("entry.js", 'import "virtual:lessons";');
    await write("lessons/03-third.md", lesson("Third", "<br>"));
    const run = build({ root, configFile: false, logLevel: "silent", plugins: [lessonData(folders())], build: { lib: { entry: "entry.js", formats: ["es"] } } });
    await expect(run).rejects.toThrow("lessons/03-third.md, line 6: lessons hold no HTML");
  });
});

describe("lessons together", () => {
  it("may not link to one that isn't there", async () => {
    await write("lessons/03-third.md", lesson("Third", "text\n\n[on](?lesson=fourth&x1.q=a)"));
    expect(() => readLessons(folders())).toThrow("lessons/03-third.md, line 8: there is no lesson fourth to link to");
  });

  it("may not have the same name", async () => {
    await write("lessons/03-first.md", lesson("Third", ""));
    expect(() => readLessons(folders())).toThrow("lessons/03-first.md, line 1: 01-first.md has the same name");
  });
});
