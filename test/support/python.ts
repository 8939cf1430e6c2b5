import { spawnSync } from "node:child_process";

/** Whether there is a Python to check files with; tests that need it are skipped, visibly, where there is none. */
export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** Runs a script with the standard library only and gives it the file's path. Resolves to what it prints, parsed. */
export function runPython(script: string, path: string): unknown {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
