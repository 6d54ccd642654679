/** What it takes to get models, and what comes of it. */

import type { Patience } from "./ask.js";
import type { CheckpointTexts, ConvertExtras } from "./engine.js";
import type { Digest, MakeRoom, Room, Whole } from "./room.js";
import type { Store } from "./store.js";
import type { ProgressEvent } from "./types.js";

/** A room that makes something else of what it is given. */
export interface ConverterRoom extends Room {
  /** The GGUF file. The converter is gone then. */
  finish(): Whole;
}

/** What is needed to get models. */
export interface Supply {
  /** The models folder. */
  models: URL;
  /** Root of the hub. */
  hub: URL;
  store: Store | null;
  digest: Digest;
  /** Makes room for models. */
  makeRoom: MakeRoom<Whole>;
  /** Makes room that converts a checkpoint's weights. */
  makeConverter(texts: CheckpointTexts, extras: ConvertExtras): Promise<ConverterRoom>;
  patience: Patience;
  signal: AbortSignal;
  onProgress(event: ProgressEvent): void;
}

/** A verified model file. */
export interface ModelFile {
  room: Whole;
  /** Its size. */
  bytes: number;
  sha256: string;
}

/** Progress of one file: `download` at its start, then about two hundred times `progress`, so as not to drown the page. */
export function reporter(name: string, file: string, onProgress: Supply["onProgress"]): (loaded: number, total: number | undefined) => void {
  let reported = 0;
  return (loaded, total) => {
    const known = total === undefined ? {} : { total };
    if (loaded === 0) {
      onProgress({ status: "download", name, file, loaded, ...known });
      return;
    }
    const step = total === undefined ? 1 << 17 : total / 200;
    if (loaded - reported < step && loaded !== total) return;
    reported = loaded;
    onProgress({ status: "progress", name, file, loaded, ...known });
  };
}
