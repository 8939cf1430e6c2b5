// Builds everything and runs a benchmark. The first argument names it, as in `npm run bench -- learning --help`; the
// default is that of the CPU kernels. Each benchmark documents its options at the top of its file.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled, root } from "./install.mjs";

/** Name of a benchmark → its module under bench/. */
const MODULES = new Map([
  ["", "main"],
  ["learning", "learning/main"],
  ["through-api", "through-api/main"],
  ["tfjs", "tfjs/main"],
  ["api", "api/main"],
  ["soak", "soak/main"],
  ["attack", "attack/main"],
  ["gpu-accuracy", "gpu-accuracy/main"],
]);

const [first = "", ...rest] = process.argv.slice(2);
const [name, args] = first === "" || first.startsWith("-") ? ["", process.argv.slice(2)] : [first, rest];
const module = MODULES.get(name);
if (module === undefined) {
  console.error(`There is no benchmark '${name}', only ${[...MODULES.keys()].filter(Boolean).join(", ")}`);
  process.exit(2);
}
await ensureInstalled({ dev: true });
await build({ all: true });
const { status } = spawnSync(process.execPath, [join(root, "dist/bench", `${module}.js`), ...args], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
