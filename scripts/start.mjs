// Installs and builds what is missing, then runs the server in this process, so that signals reach it directly.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensureSoftwareGpu } from "./software-gpu.mjs";

await ensureInstalled({ dev: false });
await build({ all: false });
const { readConfig } = await import("../dist/src/read-config.js");
// What is wrong with the configuration is for the server to say.
const config = await readConfig(process.argv.slice(2), process.env).catch(() => undefined);
if (config?.softwareGpu) await ensureSoftwareGpu();
await import("../dist/src/main.js");
