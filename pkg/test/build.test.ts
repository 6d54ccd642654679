import { afterEach, describe, expect, test, vi } from "vitest";
import { buildWanted, chooseBuild } from "../src/build.js";
import { BadInputError, UnsupportedBrowserError } from "../src/errors.js";

afterEach(() => vi.unstubAllGlobals());

/** A browser with relaxed SIMD, or without. */
const browser = (relaxed: boolean) => vi.stubGlobal("WebAssembly", { validate: () => relaxed });

describe("the build", () => {
  test.each([
    [true, true, "relaxed-simd"],
    [true, false, "simd128"],
    [false, true, "simd128"],
  ] as const)("where relaxed SIMD is there: %s, and pays: %s", (there, pays, expected) => {
    browser(there);
    const measure = vi.fn(() => pays);
    expect(chooseBuild("auto", measure)).toBe(expected);
    // What can't be compiled isn't tried.
    expect(measure).toHaveBeenCalledTimes(there ? 1 : 0);
  });

  test("that was asked for is taken without measuring", () => {
    const measure = vi.fn(() => true);
    expect(chooseBuild("simd128", measure)).toBe("simd128");
    expect(chooseBuild("relaxed-simd", measure)).toBe("relaxed-simd");
    expect(measure).not.toHaveBeenCalled();
  });
});

describe("the option", () => {
  test("is auto by default, but simd128 with a wasm file of the caller's", () => {
    expect([buildWanted(undefined, false), buildWanted("auto", false)]).toEqual(["auto", "auto"]);
    expect([buildWanted(undefined, true), buildWanted("auto", true)]).toEqual(["simd128", "simd128"]);
  });

  test.each([true, false])("may name a build, with a file of one's own: %s", (own) => {
    browser(true);
    expect([buildWanted("simd128", own), buildWanted("relaxed-simd", own)]).toEqual(["simd128", "relaxed-simd"]);
  });

  test("is refused where the browser can't do it", () => {
    browser(false);
    expect(() => buildWanted("relaxed-simd", false)).toThrow(UnsupportedBrowserError);
    expect(() => buildWanted("relaxed-simd", false)).toThrow(/build.*auto/);
    expect(buildWanted("simd128", false)).toBe("simd128");
  });

  test.each(["simd", "", null, 1])("isn't %o", (bad) => {
    expect(() => buildWanted(bad, false)).toThrow(BadInputError);
  });
});
