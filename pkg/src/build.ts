/** Which build of the engine is used. */

import { BadInputError, UnsupportedBrowserError } from "./errors.js";
import { relaxedSimd } from "./features.js";
import { relaxedPays } from "./pays.js";
import type { Build } from "./types.js";

/** What `load` may be told. */
export type BuildOption = Build | "auto";

/**
 * Checks the option, and whether this browser can do what it says. A wasm file that is the caller's own is taken to be of the
 * build for every browser, unless the option says otherwise.
 */
export function buildWanted(option: unknown, ownFile: boolean): BuildOption {
  switch (option) {
    case undefined:
    case "auto":
      return ownFile ? "simd128" : "auto";
    case "simd128":
      return option;
    case "relaxed-simd":
      if (relaxedSimd()) return option;
      throw new UnsupportedBrowserError(
        "This browser's WebAssembly lacks relaxed SIMD, which the build relaxed-simd is made of. Leave the choice to tabrank: " +
          'leave the option build out, or set it to "auto".',
      );
    default:
      throw new BadInputError(`build must be "auto", "simd128" or "relaxed-simd", but it is ${JSON.stringify(option)}.`);
  }
}

/** The build for this browser on this processor. Takes some milliseconds, and fetches nothing. */
export function chooseBuild(wanted: BuildOption, pays: () => boolean = relaxedPays): Build {
  if (wanted !== "auto") return wanted;
  return relaxedSimd() && pays() ? "relaxed-simd" : "simd128";
}
