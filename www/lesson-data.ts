/** A Vite plugin that makes modules of the lessons: `virtual:lessons` lists them, and each is a chunk of its own. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { LessonError, parseLesson, type ParsedLesson } from "./lesson-file.ts";

const LIST = "virtual:lessons";
const ONE = "virtual:lessons/";

/** Where things lie. */
export interface LessonFolders {
  /** Lessons, `NN-slug.md`, with `recorded/` in it. */
  readonly lessons: string;
  /** Exhibits: each file is a kind. */
  readonly exhibits: string;
}

/** Makes the modules. The texts are turned into HTML here, so that the page needs neither Markdown nor YAML. */
export function lessonData(folders: LessonFolders): Plugin {
  return {
    name: "tabrank-lesson-data",
    resolveId: (id) => (id === LIST || id.startsWith(ONE) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${LIST}`)) return undefined;
      const lessons = readLessons(folders);
      for (const { file } of lessons) this.addWatchFile(join(folders.lessons, file));
      if (id === `\0${LIST}`) return listModule(lessons);
      const lesson = lessons.find(({ slug }) => `\0${ONE}${slug}` === id);
      return lesson === undefined ? undefined : lessonModule(lesson, folders.lessons);
    },
    configureServer(server) {
      // A lesson that was added, changed or taken away changes the list, and what others may point to.
      server.watcher.add(folders.lessons);
      server.watcher.on("all", (_event, path) => {
        if (!path.startsWith(folders.lessons)) return;
        for (const [id, module] of server.moduleGraph.idToModuleMap) {
          if (id.startsWith(`\0${LIST}`)) server.moduleGraph.invalidateModule(module);
        }
        server.ws.send({ type: "full-reload" });
      });
    },
  };
}

/** Reads all lessons, in the order of their numbers, and holds them against each other. */
export function readLessons({ lessons: folder, exhibits }: LessonFolders): ParsedLesson[] {
  const kinds = readdirSync(exhibits)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => name.slice(0, -".ts".length));
  const lessons = readdirSync(folder)
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .sort()
    .map((file) => parseLesson(file, readFileSync(join(folder, file), "utf8"), kinds));
  const slugs = new Map<string, string>();
  for (const { slug, file } of lessons) {
    const other = slugs.get(slug);
    if (other !== undefined) throw new LessonError(file, 1, `${other} has the same name in the address, ${slug}`);
    slugs.set(slug, file);
  }
  for (const { file, links } of lessons) {
    for (const { href, line } of links) {
      const to = href.startsWith("?") ? new URLSearchParams(href).get("lesson") : null;
      if (to !== null && to !== "" && !slugs.has(to)) throw new LessonError(file, line, `there is no lesson ${to} to link to`);
    }
  }
  return lessons;
}

function listModule(lessons: readonly ParsedLesson[]): string {
  const entries = lessons.map(({ slug, title, summary, minutes, headings }, position) => {
    const facts = JSON.stringify({ number: position + 1, slug, title, summary, minutes, headings });
    return `{ ...${facts}, load: () => import(${JSON.stringify(ONE + slug)}).then(({ lesson }) => lesson) }`;
  });
  return `export const lessons = [\n${entries.join(",\n")}\n];\n`;
}

function lessonModule({ slug, html, exhibits }: ParsedLesson, folder: string): string {
  const entries = exhibits.map(({ kind, title, settings }, position) => {
    const facts = JSON.stringify({ kind, title, settings });
    const recorded = join(folder, "recorded", `${slug}.${position + 1}.json`);
    if (!existsSync(recorded)) return facts;
    // A chunk of its own: the text doesn't wait for it.
    return `{ ...${facts}, recorded: () => import(${JSON.stringify(recorded)}).then((module) => module.default) }`;
  });
  return `export const lesson = {\nhtml: ${JSON.stringify(html)},\nexhibits: [${entries.join(", ")}]\n};\n`;
}
