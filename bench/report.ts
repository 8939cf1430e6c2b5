import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import type { Rate } from "./measure.ts";

/** When, of what and on what something was measured. */
export interface Report {
  date: string;
  commit: string;
  machine: { cpu: string; cores: number; memory: number; load: number[]; node: string };
}

export function describeRun(): Report {
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

/** Empty where there is no git, or the code was not cloned. */
function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

/** One line that stands above every table. */
export function headLine({ machine, commit }: Report): string {
  return `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.load[0]!.toFixed(1)}, ${commit}`;
}

/** Keeps a result as bench/results/NAME-DATE-COMMIT.json. */
export function save(name: string, report: Report): void {
  mkdirSync("bench/results", { recursive: true });
  const file = `bench/results/${name}-${report.date.slice(0, 10)}-${report.commit}.json`;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

export function rateOf(values: number[]): Rate {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, low: sorted[0]!, high: sorted.at(-1)! };
}

export const showRate = ({ median, low, high }: Rate, digits = 1): string =>
  `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
