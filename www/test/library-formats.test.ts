import { describe, expect, it } from "vitest";
import { decode, LARGEST_FILE } from "../src/library/decode";
import { ReadError } from "../src/library/errors";
import { formatOf, type Given, parse } from "../src/library/formats";
import { Ids, opening, slug, stem } from "../src/library/ids";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const read = (name: string | null, content: Given["content"], more: Partial<Given> = {}, ids = new Ids()) =>
  parse({ name, content, ...more }, ids);
const fault = (work: () => unknown): ReadError => {
  try {
    work();
  } catch (error) {
    if (error instanceof ReadError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("the format", () => {
  it("is told by the name", () => {
    const names = ["a.txt", "A.MD", "a.csv", "a.tsv", "a.jsonl", "a.ndjson", "a.json", "README"];
    expect(names.map((name) => formatOf(name, "x"))).toEqual(["text", "markdown", "csv", "csv", "json", "json", "json", "text"]);
    expect(formatOf("notes.txt", '{"text":"x"}')).toBe("text");
  });

  it("is told by the text where no name tells", () => {
    expect(formatOf(null, '{"text":"x"}\n{"text":"y"}')).toBe("json");
    expect(formatOf(null, '\n [ {"text":"x"} ]')).toBe("json");
    expect(formatOf(null, "id,text\n1,one thing\n2,another")).toBe("csv");
    expect(formatOf("list", "a\tb\nc\td\n")).toBe("csv");
    expect(formatOf(null, "Intro\n\n## Install\n\nRun it.")).toBe("markdown");
    expect(formatOf(null, "See [the guide](https://a.example).")).toBe("markdown");
  });

  it("is plain text where prose only looks like something", () => {
    expect(formatOf(null, "First, second, third.\nFourth, fifth, sixth.\n")).toBe("text");
    expect(formatOf(null, "{not json}\nat all")).toBe("text");
    expect(formatOf(null, "[1] A footnote.\n")).toBe("text");
    expect(formatOf(null, "#hashtag and more")).toBe("text");
  });
});

describe("bytes", () => {
  it("are read as UTF-8 and UTF-16, without the mark at the beginning", () => {
    expect(decode(bytes("\ufeffNaïve\r\nline\rend"), "a")).toEqual({ text: "Naïve\nline\nend", encoding: "UTF-8", notices: [] });
    const little = new Uint8Array([0xff, 0xfe, ...[..."é☕"].flatMap((c) => [c.charCodeAt(0) & 0xff, c.charCodeAt(0) >> 8])]);
    expect(decode(little, "a")).toEqual({ text: "é☕", encoding: "UTF-16", notices: [] });
    const big = new Uint8Array([0xfe, 0xff, ...[..."é☕"].flatMap((c) => [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 0xff])]);
    expect(decode(big, "a").text).toBe("é☕");
    // Half of a surrogate pair, and half of a unit.
    expect(decode(new Uint8Array([0xff, 0xfe, 0x61, 0, 0, 0xd8, 0x62, 0, 0x63]), "a").text).toBe("a\ufffdb\ufffd");
  });

  it("are read as Windows-1252 where they aren't UTF-8, with a notice", () => {
    // No quotes or dashes here: Node.js before 24 takes Windows-1252 for Latin-1, in which these are lacking.
    const { text, encoding, notices } = decode(new Uint8Array([0x63, 0x61, 0x66, 0xe9]), "a");
    expect([text, encoding]).toEqual(["café", "Windows-1252"]);
    expect(notices[0]).toContain("Windows-1252");
  });

  it("that are no text are refused by name", () => {
    const of = (start: number[]) => fault(() => decode(new Uint8Array([...start, ...bytes(" and more")]), "thing"));
    expect(of([0x61, 0, 0x62])).toMatchObject({ code: "binary-file", file: "thing" });
    expect(of([0x25, 0x50, 0x44, 0x46]).message).toBe("thing is a PDF file. Save its text as .txt or .md first.");
    expect(of([0x50, 0x4b, 3, 4]).message).toContain("ZIP");
    // UTF-32 has the mark of UTF-16, and zeros behind it.
    expect(of([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]).code).toBe("binary-file");
  });

  it("are refused where there are none, or too many", () => {
    for (const empty of ["", " \n\t", "\ufeff"])
      expect(fault(() => decode(bytes(empty), "a.txt"))).toMatchObject({ code: "empty-file", file: "a.txt" });
    const large = fault(() => decode(new Uint8Array(LARGEST_FILE + 1), "big.csv"));
    expect(large.code).toBe("too-large");
    expect(large.message).toBe("big.csv has 51 MB; at most 50 MB can be read. Split it, or take the part that you need.");
  });
});

describe("plain text", () => {
  it("is one document, titled by the file or by its first line", () => {
    expect(read("notes/Trip plan.txt", "Day one.\n\nDay two.").documents).toEqual([
      { id: "trip-plan", title: "Trip plan", text: "Day one.\n\nDay two.", file: "notes/Trip plan.txt" },
    ]);
    const long = `${"word ".repeat(40)}\nsecond line`;
    const [document] = read(null, long).documents;
    expect(document).toMatchObject({ id: "pasted-text", file: "Pasted text", text: long });
    expect(document?.title).toMatch(/^(word ){10,11}word…$/);
  });
});

describe("Markdown", () => {
  const guide = [
    "---",
    'title: "The guide"',
    "author: Ada",
    "---",
    "Before **all** headings.",
    "",
    "# Guide",
    "",
    "## Install *it*",
    "",
    'Run `npm i` in [the folder](https://a.example "t"), see ![a picture](x.png) &amp; <b>wait</b>.  ',
    "Done \\*.",
    "",
    "```sh",
    "# no heading",
    "npm i",
    "",
    "npm start",
    "```",
    "",
    "Use",
    "---",
    "",
    "- one",
    "- two",
    "  1. deep",
    "  2. deeper",
    "- [x] three",
    "",
    "| a | b |",
    "|---|---|",
    "| 1 | `2` |",
    "",
    "> quoted",
    "",
    "<div><!-- hidden --><p>In HTML</p><script>no()</script></div>",
    "",
    "# Empty",
    "",
    "[ref]: https://b.example",
  ].join("\n");

  it("is cut at headings, and the text is without markup", () => {
    const { documents, findings } = read("guide.md", guide);
    expect(documents.map(({ id, title }) => [id, title])).toEqual([
      ["guide-1", "The guide"],
      ["guide-2", "Guide › Install it"],
      ["guide-3", "Guide › Use"],
    ]);
    expect(documents[0]).toMatchObject({ text: "Before all headings.", metadata: { author: "Ada" }, file: "guide.md" });
    expect(documents[1]?.text).toBe("Run npm i in the folder, see a picture & wait.\nDone *.\n\n# no heading\nnpm i\n\nnpm start");
    expect(documents[2]?.text).toBe("one\ntwo\n1. deep\n2. deeper\nthree\n\na | b\n1 | 2\n\nquoted\n\nIn HTML");
    expect(findings.notices).toEqual(["1 heading with nothing beneath it was left out, such as “Empty”."]);
  });

  it("takes a rule for a rule, and goes back to outer headings", () => {
    const { documents } = read("a.md", "---\n\nOne.\n\n---\n\n# A\n\nx\n\n### C\n\ny\n\n## B\n\nz\n\n# D\n\nw");
    expect(documents.map(({ title }) => title)).toEqual(["a", "A", "A › C", "A › B", "D"]);
  });

  it("keeps what is no markup", () => {
    expect(read("a.md", "1 < 2 and 3 > 2, a_b_c, &copy; &#8364; &amp;lt; x<y>z").documents[0]?.text).toBe(
      "1 < 2 and 3 > 2, a_b_c, &copy; € &lt; xz",
    );
  });

  it("falls back to plain text where it is nested too deep", () => {
    const { documents, findings } = read("deep.md", `${">".repeat(30_000)} text`);
    expect(documents).toHaveLength(1);
    expect(findings.notices[0]).toContain("read as plain text");
  }, 60_000);
});

describe("CSV", () => {
  it("finds its columns by their names", () => {
    const { documents, findings } = read("a.csv", 'ID,Title,lang,Text\r\n7,"One, two",en,"First line\r\nsecond ""line"""\r\n8,,,Other\r\n');
    expect(findings.columns).toEqual({ all: ["ID", "Title", "lang", "Text"], text: "Text", title: "Title", id: "ID" });
    expect(findings.header).toBe(true);
    expect(documents).toEqual([
      { id: "7", title: "One, two", text: 'First line\nsecond "line"', metadata: { lang: "en" }, file: "a.csv" },
      { id: "8", text: "Other", file: "a.csv" },
    ]);
  });

  it("prefers the plainer name, else takes the column with the longest text", () => {
    expect(read("a.csv", "description,text\nlong long long,x").findings.columns?.text).toBe("text");
    expect(read("a.csv", "name,review,stars\nA,rather good in all,5\nB,bad,1").findings).toMatchObject({
      columns: { text: "review", title: "name", id: null },
      header: true,
    });
    expect(read("a.csv", "title\nOnly a title").findings.columns).toMatchObject({ text: "title", title: null });
  });

  it("goes by the user's choice, and names the columns where it has no such", () => {
    const table = "id,text,title,other\n1,t,h,o";
    expect(read("a.csv", table, { columns: { text: "other", title: null, id: null } }).documents).toEqual([
      { id: "a-1", text: "o", metadata: { id: "1", text: "t", title: "h" }, file: "a.csv" },
    ]);
    const error = fault(() => read("a.csv", table, { columns: { text: "Text" } }));
    expect(error).toMatchObject({ code: "no-such-column", file: "a.csv" });
    expect(error.message).toContain("It has “id”, “text”, “title”, “other”");
  });

  it("reads tabs, semicolons and the separator that a spreadsheet names", () => {
    expect(read("a.tsv", "id\ttext\n1\ta, b; c").documents).toMatchObject([{ id: "1", text: "a, b; c" }]);
    expect(read("a.csv", "id;text\n1;a, b\n2;c, d").documents).toMatchObject([{ text: "a, b" }, { text: "c, d" }]);
    expect(read("a.csv", "sep=|\nid|text\n1|a;b").documents).toMatchObject([{ id: "1", text: "a;b" }]);
  });

  it("does without names", () => {
    const { documents, findings } = read("a.csv", "1,A sentence that stands by itself.\n2,And a second one of that kind.\n");
    expect(findings).toMatchObject({ header: false, columns: { all: ["column 1", "column 2"], text: "column 2" } });
    expect(findings.notices[0]).toContain("first row was taken for a text");
    expect(documents.map(({ id }) => id)).toEqual(["a-1", "a-2"]);
    // The user knows better.
    expect(read("a.csv", "kind,A sentence.\nx,Another one here.", { columns: { header: true } }).findings.columns?.text).toBe(
      "A sentence.",
    );
    expect(read("a.csv", "id,text\n1,x", { columns: { header: false } }).documents).toHaveLength(2);
  });

  it("says what it put right, with lines", () => {
    const { documents, findings } = read("a.csv", 'id,title,text\n1,,"two\nlines"\n\n1,,again\n,only a title,\n3,,\n4,,x,too much\n');
    expect(documents.map(({ id, text }) => [id, text])).toEqual([
      ["1", "two\nlines"],
      ["a-2", "again"],
      ["a-3", "only a title"],
      ["4", "x"],
    ]);
    expect(documents[3]?.metadata).toEqual({ "column 4": "too much" });
    expect(findings.notices).toEqual([
      "1 row has more fields than there are names (the first is line 8); a text with separators in it must stand between quotes.",
      "1 row holds no text and was left out (line 7).",
      "1 row has a title only, which was taken as its text (line 6).",
      "2 rows have no id, or one that is in use, and got others (the first is line 5).",
    ]);
  });

  it("names the row whose quote is never closed", () => {
    expect(read("a.csv", 'id,text\n1,one\n2,"two\n3,three\n').findings.notices.join()).toContain("begins in line 3 is never closed");
  });

  it("tells names apart that occur twice or not at all", () => {
    expect(read("a.csv", "text,text,,text\na,b,c,d").findings.columns?.all).toEqual(["text", "text 2", "column 3", "text 3"]);
  });

  it("holds nothing where there are only names", () => {
    expect(fault(() => read("a.csv", "id,text\n"))).toMatchObject({ code: "no-documents", file: "a.csv" });
  });
});

describe("JSON", () => {
  it("is read line by line, with the fields of BEIR and others", () => {
    const { documents, findings } = read(
      "c.jsonl",
      '{"_id":"d1","title":"T","text":"one","url":"u"}\n\n{"_id":2,"title":"","text":"two","n":{"a":[1,null]}}\n"three"\n',
    );
    expect(findings.columns).toMatchObject({ text: "text", title: "title", id: "_id" });
    expect(documents).toEqual([
      { id: "d1", title: "T", text: "one", metadata: { url: "u" }, file: "c.jsonl" },
      { id: "2", text: "two", metadata: { n: { a: [1, null] } }, file: "c.jsonl" },
      { id: "c-3", text: "three", file: "c.jsonl" },
    ]);
  });

  it("is read as an array, as one object, or as objects over several lines", () => {
    expect(read("a.json", '[\n  {"text": "a ] \\" ,"},\n  "b",\n]').documents.map(({ text }) => text)).toEqual(['a ] " ,', "b"]);
    expect(read("a.json", '{\n  "id": "x",\n  "text": ["a", "b"]\n}').documents).toMatchObject([{ id: "x", text: "a\n\nb" }]);
    expect(read("a.json", '{\n"text": "a"}\n{\n"text": "b"\n}').documents).toHaveLength(2);
    expect(read(null, '[["not"], {"text":"x"}]', { format: "text" }).documents).toHaveLength(1);
  });

  it("takes metadata apart, and keeps every key from doing harm", () => {
    const { documents } = read("a.jsonl", '{"text":"x","metadata":{"page":3},"constructor":"c","__proto__":{"id":"evil"}}');
    expect(documents[0]?.metadata).toEqual({ page: 3, constructor: "c" });
    expect(documents[0]?.id).toBe("a-1");
    const deep = `{"text":"x","deep":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    expect(() => JSON.stringify(read("a.jsonl", deep).documents)).not.toThrow();
  });

  it("names the file and the line at fault", () => {
    const of = (text: string, name = "a.jsonl") => fault(() => read(name, text));
    expect(of('{"text":"x"}\n\n{"text":\n{"text":"y"}\n')).toMatchObject({ code: "bad-line", file: "a.jsonl", line: 3 });
    expect(of('{"text":\n{"text":"y"}\n')).toMatchObject({ line: 1 });
    expect(of('{"text":"x"}\n7\nnull\n').message).toBe(
      "a.jsonl, line 2: it holds a number. There must be an object with fields, or a text in quotes; correct it or remove it. 1 more cannot be read either.",
    );
    expect(of('[\n{"text":"x"},\n{"text":}\n]', "a.json")).toMatchObject({ line: 3 });
    expect(of('[\n{"text":"x"},\n{"text":"y"', "a.json")).toMatchObject({ line: 3 });
    expect(of('[\n{"text":"x"}\n', "a.json")).toMatchObject({ line: 3 });
    expect(of('[{"text":"x"}]\n\nmore', "a.json")).toMatchObject({ line: 3 });
    expect(of("[]", "a.json").code).toBe("no-documents");
    expect(of('{"a":1}').code).toBe("no-documents");
  });
});

describe("ids", () => {
  it("are the same when the same file is read again, and unique across files", () => {
    const table = "id,text\nb-2,x\n,y\nb-2,z";
    const once = () => {
      const ids = new Ids(["b-2"]);
      return [
        read("b.csv", table, {}, ids),
        read("b.csv", table, {}, ids),
        read("b.md", "# A\n\nx\n\n# B\n\ny", {}, ids),
        read("b.txt", "t", {}, ids),
      ].flatMap(({ documents }) => documents.map(({ id }) => id));
    };
    const ids = once();
    expect(new Set(ids).size).toBe(ids.length);
    expect(once()).toEqual(ids);
  });

  it("of the file come before those that are made up", () => {
    expect(read("a.csv", "id,text\n,x\na-1,y").documents.map(({ id }) => id)).toEqual(["a-1-2", "a-1"]);
  });

  it("are short and printable", () => {
    expect(read("a.jsonl", `{"id":"${"x".repeat(201)}","text":"a"}\n{"id":"a\\nb","text":"b"}`).documents.map(({ id }) => id)).toEqual([
      "a-1",
      "a-2",
    ]);
  });

  it("come from names of every kind", () => {
    expect(["Notes 2024.final.MD", "/a/b\\c.txt", ".env", "日本語.txt", "??.txt"].map((name) => slug(stem(name), "file"))).toEqual([
      "notes-2024-final",
      "c",
      "env",
      "日本語",
      "file",
    ]);
    expect(slug("a".repeat(39) + " bcd", "x")).toBe("a".repeat(39));
    expect(opening("😀".repeat(100))).toBe(`${"😀".repeat(60)}…`);
  });
});

describe("whatever is in a file", () => {
  /** A generator of numbers from a seed, so that a failure can be repeated. */
  function random(seed: number): () => number {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
  }
  const scraps = [
    ..."\"',;|\t\n\r []{}()<>#*_`~-=+!&:\\/.0aé日😀",
    "\ud800",
    "\udc00",
    "\u0301",
    "\u200b",
    "\u2028",
    "\ufeff",
    "```\n",
    "\n\n",
    "---\n",
    "# ",
    "## a\n",
    "- ",
    "1. ",
    "> ",
    "|-|-|\n",
    "![",
    "](",
    "<!--",
    "-->",
    "<script>",
    "</",
    "&#",
    "&amp;",
    '{"text":',
    '"x"}',
    '{"id":"a","text":"b"}\n',
    "[[",
    "]]",
    "null",
    "__proto__",
    "constructor",
    "id,text\n",
    "sep=;\n",
    '""',
    "\\u0000",
    "word ",
    "Ends. ",
  ];
  const names = ["a.txt", "a.md", "a.csv", "a.tsv", "a.jsonl", "a.json", "a", null];

  it("gives documents or a ReadError that names it, nothing else", () => {
    const next = random(7);
    let good = 0;
    for (let round = 0; round < 1600; round += 1) {
      const text = Array.from({ length: Math.floor(next() * 60) }, () => scraps[Math.floor(next() * scraps.length)]).join("");
      const name = names[round % names.length] ?? null;
      const content = next() < 0.5 ? text : bytes(text);
      try {
        const { documents, findings } = read(name, content);
        good += 1;
        expect(new Set(documents.map(({ id }) => id)).size).toBe(documents.length);
        for (const document of documents) {
          expect(document.text.trim()).not.toBe("");
          expect(document.id).not.toBe("");
          expect(/\p{Surrogate}/u.test(JSON.stringify(document))).toBe(false);
        }
        expect(findings.file).toBe(name ?? "Pasted text");
      } catch (error) {
        if (!(error instanceof ReadError)) throw new Error(`${String(name)}: ${JSON.stringify(text)}`, { cause: error });
        expect(error.message).toContain(name ?? "Pasted text");
      }
    }
    expect(good).toBeGreaterThan(400);
  }, 60_000);

  it("gives a ReadError or documents for any bytes", () => {
    const next = random(11);
    for (let round = 0; round < 600; round += 1) {
      const content = Uint8Array.from({ length: Math.floor(next() * 200) }, () => Math.floor(next() * (next() < 0.5 ? 256 : 128)));
      if (round % 3 === 0) content.set([0xff, 0xfe].slice(0, content.length));
      try {
        read(names[round % names.length] ?? null, content);
      } catch (error) {
        expect(error).toBeInstanceOf(ReadError);
      }
    }
  }, 60_000);

  it("is read though it is repetitive or deep", () => {
    const nasty = ["[", "*a ", "`", "> ", "- ", "<a ", "![", "|a", "_", "((", "a\n", '{"a":', '"', ",", "\t"].map((scrap) =>
      scrap.repeat(3000),
    );
    for (const text of nasty) {
      for (const name of names) {
        try {
          read(name, text);
        } catch (error) {
          expect(error).toBeInstanceOf(ReadError);
        }
      }
    }
  }, 60_000);
});
