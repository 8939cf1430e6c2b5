// Installs and builds what is missing, then runs the server in this process, so that signals reach it directly.
import { createRequire } from "node:module";
import { build } from "./build.mjs";
import { ensureInstalled, isWritable, root } from "./install.mjs";
import { run } from "./run.mjs";
import { ensureSoftwareGpu } from "./software-gpu.mjs";

/** As in src/main.ts: opens one file after the other. */
const load = createRequire(import.meta.url);

/** What is wrong with the machine is said in one line, and not by a stack. */
function describe(error) {
  if (!(error instanceof Error && /^E[A-Z]+$/.test(error.code ?? ""))) throw error;
  console.error(`${root} can not be made ready to start: ${error.message}`);
  process.exit(1);
}

async function prepare() {
  await ensureInstalled({ dev: false });
  await build({ all: false });
  const { unpatchedFiles } = load("../dist/src/db/driver-patch.js");
  // An install without scripts leaves it out. Where it can not be made up for, a server that needs the driver says so.
  if (unpatchedFiles().length > 0 && isWritable(`${root}node_modules/postgres`)) await run("patch-package", []);
}

await prepare().catch(describe);
const { readConfig } = load("../dist/src/read-config.js");
// What is wrong with the configuration is for the server to say.
const config = await readConfig(process.argv.slice(2), process.env).catch(() => undefined);
if (config?.softwareGpu) await ensureSoftwareGpu();
await import("../dist/src/main.js");
