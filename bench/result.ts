import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";

/** The commit, and `-dirty` when anything but kept results differs from it. */
function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)bench/results");
  return `${git("describe", "--always")}${changed === "" ? "" : "-dirty"}`;
}

/** What a measurement was made with, and how busy the machine was at its end. */
export function describeMachine() {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model.trim(),
      cores: cpus().length,
      memory: totalmem(),
      load: loadavg(),
      node: process.version,
    },
  };
}

/** The line above a table. */
export function machineLine({ machine, commit }: ReturnType<typeof describeMachine>): string {
  return `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.load[0]?.toFixed(1)}, ${commit}`;
}

/** Keeps a result under bench/results. Returns its path. */
export function saveResult(kind: string, result: ReturnType<typeof describeMachine>): string {
  const path = `bench/results/${kind}-${result.date.slice(0, 10)}-${result.commit}.json`;
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}
