/** Browsers that Playwright doesn't drive as their makers ship them. */

import { startFirefox } from "./firefox";
import type { Tab } from "./tab";
import { startWebKit } from "./webkit";

/** A browser that has been started, without a window to be seen and with nothing in its storage. */
export interface Browser {
  /** Its name and version. */
  readonly name: string;
  /** A tab whose storage is its own. One at a time: close it before the next. */
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

/** How each is started. */
export const BROWSERS = { Firefox: startFirefox, WebKit: startWebKit } as const satisfies Record<string, () => Promise<Browser>>;
