import { describe, expect, test } from "vitest";
import { BadInputError } from "../src/errors.js";
import { count, documents, wellFormed } from "../src/input.js";
import type { Document } from "../src/types.js";

describe("wellFormed", () => {
  // The second run is for browsers whose strings lack the method. Node 20 has it.
  const modern = String.prototype as { toWellFormed?: () => string };
  const own = Object.getOwnPropertyDescriptor(modern, "toWellFormed");
  test.each(["built in", "replaced"])("keeps pairs and replaces halves: %s", (how) => {
    expect(own).toBeDefined();
    if (how === "replaced") delete modern.toWellFormed;
    try {
      expect(wellFormed("a\ud83d\ude00b")).toBe("a\u{1f600}b");
      expect(wellFormed("\ud83d")).toBe("\ufffd");
      expect(wellFormed("\ude00\ud83d!")).toBe("\ufffd\ufffd!");
    } finally {
      if (own) Object.defineProperty(modern, "toWellFormed", own);
    }
  });
});

describe("count", () => {
  test("takes whole numbers from 1, however large", () => {
    expect(count(1, "pool")).toBe(1);
    expect(count(1e300, "pool")).toBe(2 ** 32 - 1);
  });
  test("takes 0 where that is said to be the least", () => {
    expect(count(0, "scoreCache", 0)).toBe(0);
    expect(() => count(-1, "scoreCache", 0)).toThrow(/scoreCache must be a whole number from 0/);
  });
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", null])("refuses %s and names the option", (value) => {
    expect(() => count(value, "topK")).toThrow(BadInputError);
    expect(() => count(value, "topK")).toThrow(/topK/);
  });
});

describe("documents", () => {
  const refused = (given: unknown, message: RegExp) => {
    const check = () => documents(given as Document[]);
    expect(check).toThrow(BadInputError);
    expect(check).toThrow(message);
  };
  const good = { id: "a", text: "x" };

  test("sends only id and text, and finds the way back", () => {
    const document = { ...good, metadata: { of: () => "any kind" } };
    const { plain, byId } = documents([document]);
    expect(plain).toEqual([good]);
    expect(byId.get("a")?.document).toBe(document);
  });
  test("keeps the text as it was, whatever becomes of the document", () => {
    const document = { id: "a", text: "x\ud800" };
    const { byId } = documents([document]);
    document.text = "other";
    expect(byId.get("a")?.text).toBe("x\ufffd");
  });
  test("refuses what isn't a list", () => refused("a", /documents must be an array/));
  test("names the position of what isn't a document", () => refused([good, null], /documents\[1\] must be an object/));
  test("sees holes", () => refused([good, , good], /documents\[1\]/));
  test("names the position of an id of the wrong type", () => refused([{ id: 7, text: "x" }], /documents\[0\]\.id .* 7/));
  test("names the position of an empty id", () => refused([{ id: "", text: "x" }], /documents\[0\]\.id is empty/));
  test("names the position of a text of the wrong type", () => refused([good, { id: "b" }], /documents\[1\]\.text/));
  test("names the position of a second use of an id", () => refused([good, good], /documents\[1\]\.id "a"/));
  test("sees that two ids become the same once they are well-formed", () =>
    refused([{ id: "\ud800", text: "" }, { id: "\udc00", text: "" }], /documents\[1\]\.id/));
});
