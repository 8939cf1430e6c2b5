// Compiles the CPU kernels to build/kernels.wasm if a source has changed, because the compiler takes seconds.
import { readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildFrom } from "./build-from.mjs";
import { root } from "./install.mjs";
import { run } from "./run.mjs";

const folder = "src/kernels/wasm";
// Disabled warnings: addresses have 32 bits (201), and vectors never leave the module (112).
const options =
  "-O3 --noAssert --runtime stub --importMemory --sharedMemory --initialMemory 2 --maximumMemory 65536 " +
  "--enable simd,threads --disableWarning 201 --disableWarning 112";

/** Everything that determines the result. */
function sourceFiles() {
  const compiler = join(root, "node_modules/assemblyscript/package.json");
  const sources = readdirSync(join(root, folder, "assembly")).filter((name) => name.endsWith(".ts"));
  const shared = [join(folder, "slots.ts"), "src/network/constants.ts"].map((name) => join(root, name));
  return [compiler, ...sources.sort().map((name) => join(root, folder, "assembly", name)), ...shared];
}

/** Resolves to the compiler's exit code. */
export function buildKernels() {
  return buildFrom({ name: "kernels.wasm", files: sourceFiles(), options }, async (target) => {
    // Written under another name, because a running process may be reading the old file.
    const draft = join(dirname(target), `kernels.${process.pid}.wasm`);
    const args = [join(folder, "assembly/index.ts"), "-o", draft, ...options.split(" ")];
    const code = await run("assemblyscript", args, { command: "asc" });
    if (code === 0) renameSync(draft, target);
    return code;
  });
}
