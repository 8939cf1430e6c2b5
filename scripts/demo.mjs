// Installs and builds what is missing, then runs the demo. npm run demo -- --help
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

await ensureInstalled({ dev: false });
await build({ all: false });
await import("../dist/scripts/demo/main.js");
