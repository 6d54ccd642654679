// What a page without a bundler does. The tests take it from there.
import * as tabrank from "../../pkg/dist/index.js";

window.kept = { tabrank };
