/** What the browser must have. Found out before a single byte is fetched. */

import { UnsupportedBrowserError } from "./errors.js";

const needed = "Chrome or Edge 100, Firefox 114, Safari 16.4, or anything newer, works";

/**
 * A module with one function that splats an integer over a SIMD vector, drops it, and drops a null external reference:
 * the youngest two of the WebAssembly features that the engine is compiled with.
 */
const probe = new Uint8Array([
  // "\0asm", version 1
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  // types: one, () -> ()
  0x01, 0x04, 0x01, 0x60, 0x00, 0x00,
  // functions: one, of type 0
  0x03, 0x02, 0x01, 0x00,
  // code: one body of 10 bytes without locals
  0x0a, 0x0c, 0x01, 0x0a, 0x00,
  // i32.const 0, i8x16.splat, drop
  0x41, 0x00, 0xfd, 0x0f, 0x1a,
  // ref.null extern, drop, end
  0xd0, 0x6f, 0x1a, 0x0b,
]);

/** The same with `i32x4.relaxed_dot_i8x16_i7x16_add_s` of three vectors: the relaxed SIMD instruction that pays here. */
const relaxedProbe = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
  0x01, 0x04, 0x01, 0x60, 0x00, 0x00,
  0x03, 0x02, 0x01, 0x00,
  // code: one body of 18 bytes without locals
  0x0a, 0x14, 0x01, 0x12, 0x00,
  // three times i32.const 0, i8x16.splat
  0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f,
  // the instruction, its number 0x113 being a LEB128; drop, end
  0xfd, 0x93, 0x02, 0x1a, 0x0b,
]);

/** Whether the engine may use relaxed SIMD, which is younger than all that is insisted on. Nothing is fetched to find out. */
export function relaxedSimd(): boolean {
  return WebAssembly.validate(relaxedProbe);
}

/**
 * Throws if this isn't a browser that tabrank runs in.
 *
 * @throws {@link UnsupportedBrowserError} that names what is missing and the browsers that have it.
 */
export function insistOnFeatures(): void {
  if (typeof WebAssembly === "undefined") {
    throw new UnsupportedBrowserError(
      `WebAssembly is not available here: the browser is too old or has it switched off. ${needed}.`,
    );
  }
  if (!WebAssembly.validate(probe)) {
    throw new UnsupportedBrowserError(`This browser's WebAssembly lacks SIMD or reference types. ${needed}.`);
  }
}
