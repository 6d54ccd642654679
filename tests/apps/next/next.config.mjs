import { fileURLToPath } from "node:url";

/** @type {import("next").NextConfig} */
export default {
  output: "export",
  basePath: "/app",
  // The frameworks lie above the app here, as in a monorepo.
  turbopack: { root: fileURLToPath(new URL("../", import.meta.url)) },
};
