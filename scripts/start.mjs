// Installs and builds what is missing, then runs the server in this process, so that signals reach it directly.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

await ensureInstalled({ dev: false });
await build({ all: false });
await import("../dist/src/main.js");
