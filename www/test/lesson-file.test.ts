import { describe, expect, it } from "vitest";
import { LessonError, parseLesson, type ParsedLesson } from "../lesson-file";

const KINDS = ["trap", "words"];
const FRONT = "---\ntitle: A lesson\nsummary: What it is about.\nminutes: 10\n---\n";
const EXHIBIT = "```exhibit\nkind: trap\ntitle: A drawing\nwith: a\nnumbers: [1, 2]\n```\n";

const parse = (text: string, file = "01-a-lesson.md"): ParsedLesson => parseLesson(file, text, KINDS);

describe("a lesson's file", () => {
  it("becomes a title, HTML with places for exhibits, and exhibits", () => {
    const lesson = parse(`${FRONT}\nSome *text*.\n\n${EXHIBIT}\n## Look at “that”\n\n${EXHIBIT}\n\`\`\`js\nlet a = "<b>";\n\`\`\`\n`);
    expect(lesson).toMatchObject({ slug: "a-lesson", title: "A lesson", summary: "What it is about.", minutes: 10 });
    expect(lesson.html).toContain("<p>Some <em>text</em>.</p>");
    expect(lesson.html).toMatch(/<figure class="exhibit" data-exhibit="1" data-kind="trap"><\/figure>[^]*<figure class="exhibit" data-exhibit="2"/);
    expect(lesson.html).toContain('<h2 id="on-look-at-that">Look at “that”</h2>');
    expect(lesson.html).toContain("&lt;b&gt;");
    expect(lesson.headings).toEqual([{ id: "on-look-at-that", text: "Look at “that”" }]);
    expect(lesson.exhibits).toHaveLength(2);
    expect(lesson.exhibits[0]).toEqual({ kind: "trap", title: "A drawing", settings: { with: "a", numbers: [1, 2] }, line: 9 });
  });

  it("may begin with a byte order mark and end its lines with carriage returns", () => {
    const text = `\ufeff${FRONT}Text\n\n${EXHIBIT}`.replaceAll("\n", "\r\n");
    expect(parse(text).exhibits[0]?.settings["with"]).toBe("a");
  });

  it("gives headings of the same words ids of their own", () => {
    const { headings, html } = parse(`${FRONT}## Try\n\ntext\n\n## Try\n\n## *Try*\n`);
    expect(headings.map(({ id }) => id)).toEqual(["on-try", "on-try--2", "on-try--3"]);
    for (const { id } of headings) expect(html).toContain(`id="${id}"`);
  });
});

describe("a mistake in a lesson's file", () => {
  const cases: readonly (readonly [name: string, text: string, message: string])[] = [
    ["no front matter", "Text", "line 1: a lesson begins with front matter"],
    ["an unfinished front matter", "---\ntitle: A\nText", "line 1: a lesson begins with front matter"],
    ["an unknown key", "---\ntitle: A\nsummary: S\nminuets: 3\nminutes: 3\n---\n", "line 4: the front matter knows no minuets"],
    ["a missing key", "---\ntitle: A\nminutes: 3\n---\n", "summary must be a text"],
    ["minutes that are no number", "---\ntitle: A\nsummary: S\nminutes: ten\n---\n", "line 4: minutes must be a number above 0"],
    ["front matter that is no YAML", "---\ntitle: [A\nsummary: S\n---\n", "the front matter is no valid YAML"],
    ["a key twice", "---\ntitle: A\ntitle: B\nsummary: S\nminutes: 3\n---\n", "line 3: the front matter is no valid YAML"],
    ["front matter that is a list", "---\n- title\n---\n", "line 2: the front matter must be lines of the form key: value"],
    ["an exhibit without a kind", `${FRONT}Text\n\n\`\`\`exhibit\ntitle: T\n\`\`\`\n`, "line 8: the exhibit has no kind"],
    ["an exhibit of an unknown kind", `${FRONT}Text\n\n\`\`\`exhibit\ntitle: T\nkind: trpa\n\`\`\`\n`, 'line 10: there is no exhibit of the kind "trpa"; there are trap, words'],
    ["an exhibit without a title", `${FRONT}\`\`\`exhibit\nkind: trap\n\`\`\`\n`, "line 6: the exhibit needs a title"],
    ["an exhibit that is no YAML", `${FRONT}\n\`\`\`exhibit\nkind: trap\ntitle: "T\n\`\`\`\n`, "an exhibit is no valid YAML"],
    ["an exhibit in a list", `${FRONT}- item\n\n  \`\`\`exhibit\n  kind: trap\n  \`\`\`\n`, "an exhibit can't stand inside a list"],
    ["HTML", `${FRONT}Text\n\nand <b>more</b>\n`, "line 8: lessons hold no HTML, but there is <b>"],
    ["a second title", `${FRONT}Text\n\n# Title\n`, "line 8: headings begin with ##"],
    ["an image", `${FRONT}![a](b.png)\n`, "line 6: lessons hold no images"],
    ["a link that leads nowhere known", `${FRONT}[a](other.md)\n`, "line 6: a link begins with ?, # or https://, but there is other.md"],
  ];

  it.each(cases)("is named with file and line: %s", (_name, text, message) => {
    expect(() => parse(text)).toThrow(LessonError);
    expect(() => parse(text)).toThrow(/^lessons\/01-a-lesson\.md, line \d+: /);
    expect(() => parse(text)).toThrow(message);
  });

  it("may be the file's name", () => {
    expect(() => parse(FRONT, "first.md")).toThrow("lessons/first.md, line 1: a lesson's file is named like 01-the-trap.md");
  });
});
