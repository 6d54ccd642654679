/** Page and package in WebKit as Debian ships it. */

import { testIn } from "./all";
import { startWebKit } from "./driver/webkit";

testIn(startWebKit);
