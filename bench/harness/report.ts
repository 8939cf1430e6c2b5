import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

const FOLDER = "bench/results";

/** The figures that `--save` has kept of a benchmark, the newest first. Older versions may have kept others. */
export function savedResults<Figures extends object>(name: string): (Origin & Partial<Figures>)[] {
  const isOurs = (file: string) => file.startsWith(`${name}-`) && /^\d{4}-\d\d-\d\d-/.test(file.slice(name.length + 1));
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter(isOurs) : [];
  const results = files.map(
    (file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, "utf8")) as Origin & Partial<Figures>,
  );
  return results.sort((a, b) => (a.date < b.date ? 1 : -1));
}

/** Returns the path of the file. */
function keep(name: string, result: Origin): string {
  const path = `${FOLDER}/${name}-${result.date.slice(0, 10)}-${result.commit}.json`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}
