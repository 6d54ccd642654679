/** Page and package in Firefox as Debian ships it; Playwright wants one of its own making, or a younger one. */

import { testIn } from "./all";
import { startFirefox } from "./driver/firefox";

testIn(startFirefox);
