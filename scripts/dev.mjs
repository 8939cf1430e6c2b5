// Compiles on every save and runs the affected tests. Arguments are those of the tests: npm run dev -- test/sdk
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
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
  const [code] = await once(child, "close");
  return code === 0;
}

await ensureInstalled({ dev: true });
await compile();

let compiling = Promise.resolve();
let timer;
for (const folder of sources) {
  watch(join(root, folder), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      compiling = compiling.then(compile);
    }, settleMs);
  });
}
process.env.HANAMI_TEST_WATCH = "yes";
process.exitCode = await run("vitest", ["watch", ...testArguments(process.argv.slice(2))]);
process.exit();
