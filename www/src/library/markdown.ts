/** Markdown into sections: a document for each heading, its text without markup. */

import { Lexer, type MarkedToken, type Token, type Tokens } from "marked";

/** The text under one heading. */
export interface Section {
  /** The headings that lead to it, from the outermost; empty for what stands before the first. */
  readonly path: readonly string[];
  readonly text: string;
}

/** What a Markdown file holds. */
export interface Sections {
  readonly sections: readonly Section[];
  /** `key: value` lines of the front matter. */
  readonly matter: ReadonlyMap<string, string>;
  /** Headings with neither text nor headings of their own under them. */
  readonly bare: readonly string[];
}

/** Between the headings of a path. */
export const STEP = " › ";

/**
 * Cuts Markdown at its headings.
 *
 * @throws RangeError if it is nested deeper than can be read.
 */
export function sectionsOf(markdown: string): Sections {
  const { body, matter } = withoutMatter(markdown);
  const sections: Section[] = [];
  const bare: string[] = [];
  let path: { readonly depth: number; readonly name: string }[] = [];
  let blocks: string[] = [];
  /** `deeper` is whether the next heading belongs under this one, whose name is then not lost. */
  const close = (deeper: boolean): void => {
    const text = blocks.filter((block) => block !== "").join("\n\n");
    const names = path.map(({ name }) => name);
    if (text !== "") sections.push({ path: names, text });
    else if (!deeper && names.length > 0) bare.push(names.join(STEP));
    blocks = [];
  };
  for (const token of Lexer.lex(body) as MarkedToken[]) {
    if (token.type !== "heading") {
      blocks.push(block(token));
      continue;
    }
    close(token.depth > (path.at(-1)?.depth ?? 0));
    const name = inline(token.tokens).replace(/\s+/g, " ").trim();
    path = [...path.filter(({ depth }) => depth < token.depth), { depth: token.depth, name }];
  }
  close(false);
  return { sections, matter, bare };
}

/** Takes off what stands between two lines of hyphens at the very beginning. */
function withoutMatter(markdown: string): { body: string; matter: ReadonlyMap<string, string> } {
  const found = /^---[ \t]*\n([\s\S]*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(markdown);
  const lines = found?.[1]?.split("\n") ?? [];
  // A rule across the page is written in the same way.
  if (found === null || !/^[\w-]+[ \t]*:/.test(lines[0] ?? "")) return { body: markdown, matter: new Map() };
  const pairs = lines.flatMap((line): [string, string][] => {
    const pair = /^([\w-]+)[ \t]*:[ \t]*(.+)$/.exec(line);
    const value = pair?.[2]?.trim().replace(/^(["'])(.*)\1$/, "$2") ?? "";
    return pair?.[1] === undefined || value === "" ? [] : [[pair[1], value]];
  });
  return { body: markdown.slice(found[0].length), matter: new Map(pairs) };
}

function blocks(tokens: readonly Token[], between: string): string {
  return (tokens as MarkedToken[])
    .map(block)
    .filter((text) => text !== "")
    .join(between);
}

function block(token: MarkedToken): string {
  switch (token.type) {
    case "code":
      return token.text;
    case "blockquote":
      return blocks(token.tokens, "\n\n");
    case "list":
      return token.items.map((item, n) => listItem(item, token, n)).join("\n");
    case "table":
      return [token.header, ...token.rows]
        .map((row) => row.map((cell) => inline(cell.tokens).trim()))
        .filter(hasText)
        .map((row) => row.join(" | "))
        .join("\n");
    case "html":
      return withoutTags(token.text).trim();
    case "paragraph":
    case "heading":
    case "text":
      return inline([token]).trim();
    case "space":
    case "hr":
    case "def":
      return "";
    default:
      return inline([token]);
  }
}

/** Whether a row of a table says anything; its header often doesn't. */
function hasText(cells: readonly string[]): boolean {
  return cells.some((cell) => cell !== "");
}

/** An item on lines of its own. A number says something, a bullet doesn't. */
function listItem(item: Tokens.ListItem, list: Tokens.List, n: number): string {
  const text = blocks(item.tokens, item.loose ? "\n\n" : "\n");
  return list.ordered ? `${Number(list.start || 0) + n}. ${text}` : text;
}

function inline(tokens: readonly Token[]): string {
  return (tokens as MarkedToken[])
    .map((token) => {
      switch (token.type) {
        case "br":
          return "\n";
        case "checkbox":
          return "";
        case "html":
          return withoutTags(token.text);
        case "codespan":
        case "escape":
          return token.text;
        case "image":
          return entities(token.text);
        default:
          if ("tokens" in token && token.tokens !== undefined) return inline(token.tokens);
          return "text" in token ? entities(token.text) : "";
      }
    })
    .join("");
}

/** The text of a piece of HTML; comments, scripts and styles are none. */
function withoutTags(html: string): string {
  let text = html;
  for (const [open, close] of [
    ["<!--", "-->"],
    ["<script", "</script"],
    ["<style", "</style"],
  ] as const)
    text = without(text, open, close);
  return entities(text.replace(/<[/!?]?[a-z][^<>]*>/gi, ""));
}

function without(text: string, open: string, close: string): string {
  const lower = text.toLowerCase();
  let kept = "";
  let at = 0;
  for (;;) {
    const from = lower.indexOf(open, at);
    const to = from < 0 ? -1 : lower.indexOf(close, from + open.length);
    if (to < 0) return kept + text.slice(at);
    kept += text.slice(at, from);
    at = to + (close.startsWith("<") ? 0 : close.length);
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Character references as what they stand for; names that few people write stay as they are. */
function entities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number.parseInt(decimal, 10);
      const character = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
      return character ? String.fromCodePoint(code) : whole;
    },
  );
}
