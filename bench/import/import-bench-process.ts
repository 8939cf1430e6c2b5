/** Carries out one import, or reads the file's bytes in a plain loop, and answers with the processor time it took. */
import { readFileSync } from "node:fs";
import type { carryOut, ImportJob } from "../../src/datasets/import/carry-out.ts";
import type { ImportOutcome } from "../../src/datasets/import/import-job.ts";
import { timed } from "../harness/timing.ts";

export interface BenchJob {
  /** Compiled module of `carryOut`; undefined for the plain loop. */
  module: string | undefined;
  job: ImportJob;
}

export interface BenchAnswer {
  /** Of the work alone. */
  cpuMs: number;
  wallMs: number;
  /** Of the whole process so far, its start included. */
  wholeMs: number;
}

/** Adds up the bytes, because every reader has to look at each of them. */
function sumBytes(path: string): number {
  const bytes = readFileSync(path);
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum + bytes[at]!) | 0;
  return sum;
}

async function workOf({ module, job }: BenchJob): Promise<() => number | Promise<ImportOutcome>> {
  if (module === undefined) return () => sumBytes(job.input);
  const imported = (await import(module)) as { carryOut: typeof carryOut };
  return () => imported.carryOut(job);
}

process.once("message", (work: BenchJob) => {
  void (async () => {
    const { result, times } = await timed<number | ImportOutcome>(await workOf(work));
    if (typeof result === "object" && result.kind !== "done") throw new Error(JSON.stringify(result));
    const { user, system } = process.cpuUsage();
    const answer: BenchAnswer = { ...times, wholeMs: (user + system) / 1000 };
    process.send?.(answer, () => process.disconnect());
  })();
});
