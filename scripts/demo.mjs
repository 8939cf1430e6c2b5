// Installs and builds what is missing, then runs the demo. npm run demo -- --help
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

// The software GPU that a move may go to comes in a package for developers.
await ensureInstalled({ dev: process.argv.includes("--move") });
await build({ all: false });
await import("../dist/scripts/demo/main.js");
