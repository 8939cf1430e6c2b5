// Builds everything and runs a benchmark. The first argument names it, as in `npm run bench -- api`; the default is the
// one of the CPU kernels. The top of bench/NAME/main.ts documents its options.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled, root } from "./install.mjs";

const NAMES = [
  "kernels",
  "learning",
  "through-api",
  "tfjs",
  "api",
  "soak",
  "attack",
  "fairness",
  "gpu",
  "gpu-accuracy",
];

const [first = "", ...rest] = process.argv.slice(2);
const [name, args] = first === "" || first.startsWith("-") ? ["kernels", process.argv.slice(2)] : [first, rest];
if (!NAMES.includes(name)) {
  console.error(`There is no benchmark '${name}', only ${NAMES.join(", ")}`);
  process.exit(2);
}
await ensureInstalled({ dev: true });
await build({ all: true });
const { status } = spawnSync(process.execPath, [join(root, "dist/bench", name, "main.js"), ...args], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;
