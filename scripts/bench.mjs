// Builds everything and measures. The first argument says what, `npm run bench -- api`; without one it is the CPU
// kernels. The options of each stand at the top of bench/NAME/main.ts.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled, root } from "./install.mjs";

const NAMES = ["kernels", "learning", "through-api", "tfjs", "api", "soak", "attack", "gpu", "gpu-accuracy"];

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
