import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";

/** The options of every benchmark that reports: `--json` prints nothing but the result, `--save` keeps it. */
export const REPORT_OPTIONS = { json: false, save: false };

/** The head of each result. */
interface Origin {
  date: string;
  commit: string;
  machine: { cpu: string; cores: number; memory: number; load: number[]; node: string };
}

/**
 * Prints `text` below a line about the machine, or with `--json` only the figures. `--save` keeps the figures as
 * bench/results/NAME-DATE-COMMIT.json. Call it at the end: it reports how busy the machine is.
 */
export function report(name: string, figures: object, text: string, { json, save }: typeof REPORT_OPTIONS): void {
  const result = { ...describeOrigin(), ...figures };
  console.log(json ? JSON.stringify(result, null, 2) : `${headLine(result)}\n${text}`);
  if (save) console.error(`kept in ${keep(name, result)}`);
}

function describeOrigin(): Origin {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "",
      cores: cpus().length,
      memory: totalmem(),
      load: loadavg(),
      node: process.version,
    },
  };
}

/** The commit, with `-dirty` if anything but kept results differs from it; empty outside of a clone. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)bench/results");
    return `${git("describe", "--always")}${changed === "" ? "" : "-dirty"}`;
  } catch {
    return "";
  }
}

function headLine({ machine, commit }: Origin): string {
  const { cpu, cores, node, load } = machine;
  return `${cpu}, ${cores} cores, Node ${node}, load ${load[0]!.toFixed(1)}, ${commit}`;
}

/** Returns the path of the file. */
function keep(name: string, result: Origin): string {
  const path = `bench/results/${name}-${result.date.slice(0, 10)}-${result.commit}.json`;
  mkdirSync("bench/results", { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}
