// Installs and builds whatever is missing, then runs the demo: npm run demo -- --help
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensureSoftwareGpu } from "./software-gpu.mjs";

await ensureInstalled({ dev: false });
await build({ all: false });
// The server that the demo starts has a software GPU, to which the cluster moves.
if (process.argv.includes("--move") && !process.argv.includes("--address")) await ensureSoftwareGpu();
await import("../dist/scripts/demo/main.js");
