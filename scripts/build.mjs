// Builds what changed. With nothing to do this takes about 0.1 s.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateFormats } from "./generate-formats.mjs";
import { generateMessages } from "./generate-messages.mjs";
import { generateTemplate } from "./generate-template.mjs";
import { buildDatabase } from "./build-database.mjs";
import { buildKernels } from "./build-kernels.mjs";
import { ensureInstalled, isWritable, root } from "./install.mjs";
import { run } from "./run.mjs";

/** Compiled trees and the folders of their sources. */
const outputs = [
  { compiled: "dist", sources: "." },
  { compiled: "sdk/dist", sources: "sdk/src" },
  { compiled: "cli/dist", sources: "cli/src" },
];

/**
 * Deletes compiled files whose source is gone: the compiler leaves them, and a removed test would still run. Returns
 * their names.
 */
export function removeStale(folder = root) {
  const removed = [];
  for (const { compiled, sources } of outputs) {
    const tree = join(folder, compiled);
    if (!existsSync(tree)) continue;
    for (const name of readdirSync(tree, { recursive: true })) {
      const stem = /^(.*?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(name)?.[1];
      if (stem === undefined || existsSync(join(folder, sources, `${stem}.ts`))) continue;
      rmSync(join(tree, name));
      removed.push(join(compiled, name));
    }
  }
  return removed;
}

/** Files without which the server cannot start. */
const essentials = ["dist/src/main.js", "build/kernels.wasm", "sdk/dist/index.js", "cli/dist/main.js"];

/** True when the checkout is read-only but built, so that the build is skipped. Exits when it is not built. */
function mustStayAsItIs() {
  const locked = ["dist", "build", "sdk/dist", "cli/dist"].find((folder) => !isWritable(join(root, folder)));
  if (locked === undefined) return false;
  const missing = essentials.find((file) => !existsSync(join(root, file)));
  if (missing !== undefined) {
    console.error(`${root} is not built (${missing} is missing), and ${locked} is not writable.`);
    process.exit(1);
  }
  console.log(`${locked} is not writable: using the existing build.`);
  return true;
}

/**
 * Compiles the CPU kernels, server, SDK, CLI and demo, and makes the empty database; with `all` also tests, benchmarks
 * and development tools.
 */
export async function build({ all }) {
  if (mustStayAsItIs()) return;
  const database = buildDatabase();
  const kernels = await buildKernels();
  if (kernels !== 0) process.exit(kernels);
  if (all) {
    await generateMessages();
    await compile("src");
    await generateFormats();
    await generateTemplate();
  }
  await compile(...(all ? ["."] : ["src", "sdk", "cli", "scripts/demo"]));
  removeStale();
  const made = await database;
  if (made !== 0) process.exit(made);
}

/** Ends the program when there are errors. */
async function compile(...projects) {
  const code = await run("typescript", ["-b", ...projects], { command: "tsc" });
  if (code !== 0) process.exit(code);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled({ dev: true });
  await build({ all: true });
}
