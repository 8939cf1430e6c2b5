// Compiles on every save and runs the affected tests. Arguments are those of the tests: npm run dev -- test/sdk
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, root } from "./install.mjs";
import { run } from "./run.mjs";
import { testArguments } from "./test.mjs";

/** Folders whose files are compiled, or read by compiled code. */
const sources = ["src", "test", "bench", "sdk/src", "cli/src", "scripts/demo", "proto"];
/** Delay before a compilation, because editors write a file in several steps. */
const settleMs = 100;

/** Compiles. Errors appear on the terminal, and the tests wait for the next save. */
async function compile() {
  const child = spawn(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  await once(child, "close");
}

let compiling = Promise.resolve();
let timer;

function compileSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    watchFolders();
    compiling = compiling.then(compile);
  }, settleMs);
}

/** By path. Each folder has its own: on Linux, Node's recursive watcher loses a file that an editor replaces. */
const watchers = new Map();

/** Watches the folders that are new, and forgets those that are gone. */
function watchFolders() {
  for (const [path, watcher] of watchers) {
    if (existsSync(path)) continue;
    watcher.close();
    watchers.delete(path);
  }
  for (const folder of sources) {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    const below = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    for (const path of [join(root, folder), ...below]) {
      if (!watchers.has(path)) watchers.set(path, watch(path, compileSoon).on("error", compileSoon));
    }
  }
}

await ensureInstalled({ dev: true });
watchFolders();
await compile();
process.env.HANAMI_TEST_WATCH = "yes";
process.exitCode = await run("vitest", ["watch", ...testArguments(process.argv.slice(2))]);
process.exit();
