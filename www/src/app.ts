/** What all views share. */

import type { Manifest } from "tabrank";
import type { Address } from "./address";
import type { Corpus } from "./corpus";
import type { Libraries } from "./libraries";
import type { Models } from "./models";
import type { Session } from "./session";
import type { TroublePanel } from "./view/trouble";

/** The library and the models, once the library is there; the models may still be on their way. */
export interface Library {
  /** The library of this page, whichever is in use. */
  readonly corpus: Corpus;
  readonly libraries: Libraries;
  readonly manifest: Manifest;
  readonly session: Session;
  readonly models: Models;
}

/** The page. */
export interface App {
  readonly address: Address;
  readonly trouble: TroublePanel;
  /** Waits until the library is there, however often fetching it has to be tried. */
  readonly library: Promise<Library>;
}
