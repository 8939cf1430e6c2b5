import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, waitFor } from "./install.mjs";

/**
 * Runs a command of an installed package on this terminal. Resolves to its exit code. Finds the command through the
 * package's own package.json, because the files in `.bin` differ between systems.
 */
export function run(packageName, args, { command = packageName } = {}) {
  const folder = join(root, "node_modules", packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const script = join(folder, typeof bin === "string" ? bin : bin[command]);
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  return waitFor(child);
}
