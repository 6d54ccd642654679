import { describe, expect, test } from "vitest";
import * as errors from "../src/errors.js";

const { fromWire, toWire } = errors;

/** There and back, through the algorithm that messages between page and worker use. */
function cross(error: unknown): errors.TabrankError {
  return fromWire(structuredClone(toWire(error)));
}

describe("an error that crosses the border", () => {
  const plain = [
    errors.AbortError,
    errors.BadInputError,
    errors.DisposedError,
    errors.EmptyQueryError,
    errors.EngineUnavailableError,
    errors.IndexMismatchError,
    errors.InternalError,
    errors.ManifestError,
    errors.NotReadyError,
    errors.UnsupportedBrowserError,
    errors.WorkerCrashedError,
  ];
  test.each(plain)("keeps class, code, name and message: %o", (Class) => {
    const before = new Class("what and what to do");
    const after = cross(before);
    expect(after).toBeInstanceOf(Class);
    expect(after).toBeInstanceOf(errors.TabrankError);
    expect(after).toMatchObject({ code: before.code, name: before.name, message: before.message });
  });

  test("keeps what a ModelIntegrityError knows", () => {
    const mismatch = { file: "m.gguf", expected: "2 bytes", found: "1 byte" };
    const after = cross(new errors.ModelIntegrityError("m.gguf differs", mismatch));
    expect(after).toBeInstanceOf(errors.ModelIntegrityError);
    expect(after).toMatchObject(mismatch);
  });

  test("keeps what a ModelUnavailableError knows", () => {
    const whereabouts = { url: "https://example.org/m.gguf", status: 404, missing: true };
    const after = cross(new errors.ModelUnavailableError("not there", whereabouts));
    expect(after).toBeInstanceOf(errors.ModelUnavailableError);
    expect(after).toMatchObject(whereabouts);
  });

  test.each(["missing-pooler", "model-damaged", "unsupported-model", "wrong-role"] as const)("keeps %s", (code) => {
    const after = cross(new errors.ModelRefusedError("refused", code));
    expect(after).toBeInstanceOf(errors.ModelRefusedError);
    expect(after.code).toBe(code);
  });
});

describe("an error of the engine is sorted by its code", () => {
  test.each([
    ["empty-query", errors.EmptyQueryError],
    ["index-mismatch", errors.IndexMismatchError],
    ["bad-documents", errors.BadInputError],
    ["bad-request", errors.BadInputError],
    ["not-ready", errors.NotReadyError],
    ["missing-pooler", errors.ModelRefusedError],
    ["stopped", errors.AbortError],
    ["internal", errors.InternalError],
    ["something-new", errors.InternalError],
    ["constructor", errors.InternalError],
  ])("%s", (code, Class) => {
    const after = cross(Object.assign(new Error("says what to do"), { code }));
    expect(after).toBeInstanceOf(Class);
    expect(after.message).toContain("says what to do");
  });
});

describe("an error of the platform", () => {
  test("a trap is a crash", () => {
    expect(cross(new WebAssembly.RuntimeError("unreachable"))).toBeInstanceOf(errors.WorkerCrashedError);
  });
  test("a buffer that can't be had is a want of memory", () => {
    expect(toWire(new RangeError("Array buffer allocation failed")).code).toBe("out-of-memory");
    expect(toWire(new RangeError("Invalid array length")).code).toBe("out-of-memory");
    expect(toWire(new RangeError("toFixed() digits argument must be between 0 and 100")).code).toBe("internal");
  });
  test("an aborted fetch is an AbortError", () => {
    expect(cross(new DOMException("stopped", "AbortError"))).toMatchObject({ name: "AbortError", code: "aborted" });
  });
  test("anything else is an InternalError that quotes it", () => {
    expect(cross(new TypeError("x is not a function")).message).toContain("TypeError: x is not a function");
    expect(cross("a bare string").message).toContain("a bare string");
  });
});
