import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPlace, writePlace } from "../src/address";
import { FIRST_QUERY, SETTING_KEYS } from "../src/state";

describe("an address", () => {
  it("is the search's where nothing else is said, and always names the question there", () => {
    expect(writePlace(readPlace(""))).toBe(`?${new URLSearchParams({ q: FIRST_QUERY }).toString()}`);
    expect(writePlace(readPlace("?q=tea&pool=7"))).toBe("?q=tea&pool=7");
  });

  it("carries a view's own parameters first, and settings only where they are unusual", () => {
    const place = readPlace("?lesson=the-trap&cross=b&x1.a=tea+%26+cake");
    expect(place.own).toEqual([
      ["lesson", "the-trap"],
      ["x1.a", "tea & cake"],
    ]);
    expect(place.settings).toMatchObject({ query: FIRST_QUERY, crossEncoder: "b" });
    expect(writePlace(place)).toBe("?lesson=the-trap&x1.a=tea+%26+cake&cross=b");
    expect(readPlace(writePlace(place))).toEqual(place);
  });

  it("needs no value for a view without one", () => {
    expect(writePlace(readPlace("?lessons"))).toBe("?lessons");
    expect(writePlace(readPlace("?lessons="))).toBe("?lessons");
    expect(writePlace(readPlace("?q=tea&lessons"))).toBe("?lessons&q=tea");
  });

  it("of the search is known as such before any module is there", () => {
    const first = readFileSync(new URL("../public/first.js", import.meta.url), "utf8");
    expect(JSON.parse(/\[".*"\]/.exec(first)?.[0] ?? "[]")).toEqual([...SETTING_KEYS]);
  });
});
