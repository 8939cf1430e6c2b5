// Installs and builds what is missing, then runs the demo. npm run demo -- --help
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensureSoftwareGpu } from "./software-gpu.mjs";

await ensureInstalled({ dev: false });
await build({ all: false });
// A server of the demo's own has a software GPU for the cluster to move to.
if (process.argv.includes("--move") && !process.argv.includes("--address")) await ensureSoftwareGpu();
await import("../dist/scripts/demo/main.js");
