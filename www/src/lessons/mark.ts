/** The line below an exhibit that says what one is looking at: a recorded run or one of this tab, and what is still to come. */

import type { Recorded } from "./recorded";

/** Where an exhibit's computing stands. */
export type Progress =
  /** The models are on their way. */
  | { readonly kind: "waiting" }
  | { readonly kind: "computing" }
  | { readonly kind: "done"; readonly seconds: number; readonly device: string }
  /** There is nothing to compute. */
  | { readonly kind: "idle" }
  /** It runs when the reader asks for it. */
  | { readonly kind: "offered" }
  | { readonly kind: "stopped" }
  /** There are no models. */
  | { readonly kind: "unloaded"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** What the line says. `recorded` is the recorded run that is shown, if it is one; `shown` whether anything is. */
export function markText(progress: Progress, recorded: Recorded | undefined, shown: boolean): string {
  const past = recorded === undefined ? "" : `${recordedText(recorded)} `;
  switch (progress.kind) {
    case "waiting":
      if (recorded !== undefined) return `${past}Your own run follows as soon as the models are here.`;
      return shown ? "The models are being loaded; then this is computed anew." : "This is computed here as soon as the models are there.";
    case "computing":
      return `${past}${recorded === undefined ? "Computing in this tab." : "Your own run is under way."}`;
    case "done":
      return `Computed in this tab, just now, in ${duration(progress.seconds)} on ${progress.device}.`;
    case "idle":
      return "";
    case "offered":
      return recorded === undefined && shown ? "What is shown was computed with other settings." : past.trim();
    case "stopped":
      return `${past}Stopped.`;
    case "unloaded":
      return `${past}${recorded === undefined ? "The" : "It stays, as the"} models could not be loaded: ${progress.reason}`;
    case "failed":
      return `${past}This could not be computed: ${progress.reason}`;
  }
}

function recordedText({ made, models, version, build }: Recorded): string {
  return `Recorded on ${made} with ${list(Object.keys(models))} (engine ${version}, ${build}).`;
}

function list(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

function duration(seconds: number): string {
  if (seconds < 0.095) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
