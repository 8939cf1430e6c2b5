import { spawnSync } from "node:child_process";

/** Whether there is a Python to check files with; without one, tests that need it are visibly skipped. */
export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** Runs a script with only the standard library and passes it the file's path. Resolves to its parsed output. */
export function runPython(script: string, path: string): unknown {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
