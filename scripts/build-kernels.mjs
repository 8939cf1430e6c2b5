// Compiles the CPU kernels to build/kernels.wasm if a source has changed, because the compiler takes seconds.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./install.mjs";
import { run } from "./run.mjs";

const folder = "src/kernels/wasm";
// Disabled warnings: addresses have 32 bits (201), and vectors never leave the module (112).
const options =
  "-O3 --noAssert --runtime stub --importMemory --sharedMemory --initialMemory 2 --maximumMemory 65536 " +
  "--enable simd,threads --disableWarning 201 --disableWarning 112";

/** Hash of everything that determines the result. */
function sourcesHash() {
  const hash = createHash("sha256").update(options);
  const compiler = join(root, "node_modules/assemblyscript/package.json");
  const sources = readdirSync(join(root, folder, "assembly")).filter((name) => name.endsWith(".ts"));
  const files = [compiler, ...sources.sort().map((name) => join(root, folder, "assembly", name))];
  const shared = [join(folder, "slots.ts"), "src/network/constants.ts"].map((name) => join(root, name));
  for (const file of [...files, ...shared]) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex");
}

/** Resolves to the compiler's exit code. */
export async function buildKernels() {
  const build = join(root, "build");
  const target = join(build, "kernels.wasm");
  const hashFile = join(build, "kernels.hash");
  const hash = sourcesHash();
  if (existsSync(target) && existsSync(hashFile) && readFileSync(hashFile, "utf8") === hash) return 0;
  mkdirSync(build, { recursive: true });
  // Written under another name, because a running process may be reading the old file.
  const draft = join(build, `kernels.${process.pid}.wasm`);
  const code = await run("assemblyscript", [join(folder, "assembly/index.ts"), "-o", draft, ...options.split(" ")], {
    command: "asc",
  });
  if (code !== 0) return code;
  renameSync(draft, target);
  writeFileSync(hashFile, hash);
  return 0;
}
