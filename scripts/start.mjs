// Installs and builds whatever is missing, then runs the server in this process, so that signals reach it directly.
import { createRequire } from "node:module";
import { build } from "./build.mjs";
import { ensureInstalled, isWritable, root } from "./install.mjs";
import { run } from "./run.mjs";
import { ensureSoftwareGpu } from "./software-gpu.mjs";

/** Opens one file after the other, as in src/main.ts. */
const load = createRequire(import.meta.url);

/** Reports a problem with the machine in one line, without a stack. */
function describe(error) {
  if (!(error instanceof Error && /^E[A-Z]+$/.test(error.code ?? ""))) throw error;
  console.error(`${root} cannot be prepared to start: ${error.message}`);
  process.exit(1);
}

async function prepare() {
  await ensureInstalled({ dev: false });
  await build({ all: false });
  const { unpatchedFiles } = load("../dist/src/db/driver-patch.js");
  // An install without scripts skips the patch. If it cannot be applied now, a server that needs the driver reports it.
  if (unpatchedFiles().length > 0 && isWritable(`${root}node_modules/postgres`)) await run("patch-package", []);
}

await prepare().catch(describe);
const { readConfig } = load("../dist/src/server/read-config.js");
// Errors of the configuration are reported by the server.
const config = await readConfig(process.argv.slice(2), process.env).catch(() => undefined);
if (config?.softwareGpu) await ensureSoftwareGpu();
await import("../dist/src/main.js");
