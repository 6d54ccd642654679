/** A lesson's file: YAML front matter, Markdown, and exhibits as fenced blocks of YAML. Whatever is wrong is named with its line. */

import { Marked, type Token, type Tokens } from "marked";
import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";

/** Something wrong in a lesson's file. */
export class LessonError extends Error {
  override readonly name = "LessonError";

  constructor(file: string, line: number, what: string) {
    super(`lessons/${file}, line ${line}: ${what}.`);
  }
}

/** A lesson as its file has it. */
export interface ParsedLesson {
  readonly file: string;
  readonly slug: string;
  readonly title: string;
  readonly summary: string;
  readonly minutes: number;
  readonly html: string;
  readonly headings: readonly { readonly id: string; readonly text: string }[];
  readonly exhibits: readonly ParsedExhibit[];
  readonly links: readonly { readonly href: string; readonly line: number }[];
}

/** An exhibit as a fenced block has it. */
export interface ParsedExhibit {
  readonly kind: string;
  readonly title: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of the fence. */
  readonly line: number;
}

/** A mapping with the line of each of its keys. */
interface Mapping {
  readonly values: Record<string, unknown>;
  line(key: string): number;
}

const FRONT = ["title", "summary", "minutes"];

/** Reads a lesson. `kinds` are the exhibits that there are. */
export function parseLesson(file: string, source: string, kinds: readonly string[]): ParsedLesson {
  const name = /^\d\d-([a-z0-9]+(?:-[a-z0-9]+)*)\.md$/.exec(file);
  const slug = name?.[1];
  if (slug === undefined) throw new LessonError(file, 1, "a lesson's file is named like 01-the-trap.md");
  const text = source.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const { front, body, bodyLine } = split(file, text);
  const { title, summary, minutes } = frontMatter(file, front);

  const marked = new Marked();
  const tokens = marked.lexer(body);
  const headings: { id: string; text: string }[] = [];
  const exhibits: ParsedExhibit[] = [];
  const links: { href: string; line: number }[] = [];
  const renderer = new marked.Renderer();
  const { code } = renderer;
  let line = bodyLine;
  for (const token of tokens) {
    if (isExhibit(token)) exhibits.push(exhibit(file, token.text, line, kinds));
    else inspect(marked, file, token, line, links);
    if (isHeading(token)) headings.push({ id: headingId(token.text, headings), text: plain(token.text) });
    line += token.raw.split("\n").length - 1;
  }

  let headingsSoFar = 0;
  let exhibitsSoFar = 0;
  renderer.heading = function ({ tokens: inside, depth }) {
    const id = headings[headingsSoFar++]?.id ?? "";
    return `<h${depth} id="${id}">${this.parser.parseInline(inside)}</h${depth}>\n`;
  };
  renderer.code = function (block) {
    if (!isExhibit(block)) return code.call(this, block);
    exhibitsSoFar += 1;
    return `<figure class="exhibit" data-exhibit="${exhibitsSoFar}" data-kind="${exhibits[exhibitsSoFar - 1]?.kind ?? ""}"></figure>\n`;
  };
  const html = marked.parser(tokens, { ...marked.defaults, renderer });
  return { file, slug, title, summary, minutes, html, headings, exhibits, links };
}

function split(file: string, text: string): { front: string; body: string; bodyLine: number } {
  const end = text.startsWith("---\n") ? text.indexOf("\n---\n", 3) : -1;
  if (end < 0) throw new LessonError(file, 1, "a lesson begins with front matter between two lines of ---");
  const front = text.slice(4, end + 1);
  return { front, body: text.slice(end + 5), bodyLine: front.split("\n").length + 2 };
}

function frontMatter(file: string, front: string): { title: string; summary: string; minutes: number } {
  const { values, line } = mapping(file, front, 2, "the front matter");
  const unknown = Object.keys(values).find((key) => !FRONT.includes(key));
  if (unknown !== undefined) throw new LessonError(file, line(unknown), `the front matter knows no ${unknown}, only ${FRONT.join(", ")}`);
  const { title, summary, minutes } = values;
  if (!isText(title)) throw new LessonError(file, line("title"), "title must be a text");
  if (!isText(summary)) throw new LessonError(file, line("summary"), "summary must be a text");
  if (typeof minutes !== "number" || !(minutes > 0)) throw new LessonError(file, line("minutes"), "minutes must be a number above 0");
  return { title, summary, minutes };
}

function exhibit(file: string, source: string, fence: number, kinds: readonly string[]): ParsedExhibit {
  const { values, line } = mapping(file, source, fence + 1, "an exhibit");
  const { kind, title, ...settings } = values;
  if (kind === undefined) throw new LessonError(file, fence, "the exhibit has no kind");
  if (!isText(kind) || !kinds.includes(kind)) {
    throw new LessonError(file, line("kind"), `there is no exhibit of the kind ${JSON.stringify(kind)}; there are ${kinds.join(", ")}`);
  }
  if (!isText(title)) throw new LessonError(file, title === undefined ? fence : line("title"), "the exhibit needs a title, a text");
  return { kind, title, settings, line: fence };
}

/** Reads YAML that must be a mapping; `first` is the line in the file where it begins. */
function mapping(file: string, source: string, first: number, what: string): Mapping {
  const counter = new LineCounter();
  const document: Document.Parsed = parseDocument(source, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number): number => first + counter.linePos(offset).line - 1;
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw new LessonError(file, at(error.pos[0]), `${what} is no valid YAML: ${error.message.replace(/\.$/, "")}`);
  const { contents } = document;
  if (!isMap(contents)) throw new LessonError(file, first, `${what} must be lines of the form key: value`);
  const lines = new Map(contents.items.map(({ key }) => (isScalar(key) ? [String(key.value), at(key.range?.[0] ?? 0)] : ["", first])));
  return { values: document.toJS() as Record<string, unknown>, line: (key) => lines.get(key) ?? first };
}

/** Refuses what lessons don't have, and collects links. */
function inspect(marked: Marked, file: string, token: Token, line: number, links: { href: string; line: number }[]): void {
  marked.walkTokens([token], (inner) => {
    if (isExhibit(inner)) throw new LessonError(file, line, "an exhibit can't stand inside a list or a quotation");
    if (inner.type === "html") throw new LessonError(file, line, `lessons hold no HTML, but there is ${inner.raw.trim()}`);
    if (isHeading(inner) && inner.depth < 2) throw new LessonError(file, line, "headings begin with ##; the title is in the front matter");
    if (isHeading(inner) && inner !== token) throw new LessonError(file, line, "a heading can't stand inside a list or a quotation");
    if (inner.type === "image") throw new LessonError(file, line, "lessons hold no images");
    if (inner.type === "link") {
      const { href } = inner as Tokens.Link;
      if (!/^(\?|#|https:\/\/)/.test(href)) throw new LessonError(file, line, `a link begins with ?, # or https://, but there is ${href}`);
      links.push({ href, line });
    }
  });
}

function isExhibit(token: Token): token is Tokens.Code {
  return token.type === "code" && (token as Tokens.Code).lang === "exhibit";
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === "heading";
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

/** Ids of headings begin alike, so that they never meet the page's own. */
function headingId(text: string, others: readonly { readonly id: string }[]): string {
  const id = `on-${plain(text).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "")}`;
  const taken = others.filter((other) => other.id === id || other.id.startsWith(`${id}--`)).length;
  return taken === 0 ? id : `${id}--${taken + 1}`;
}

function plain(text: string): string {
  return text.replace(/[*_`]/g, "");
}
