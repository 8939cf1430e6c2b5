import { dirname } from "node:path";
import { NoSpaceError } from "../../files/free-space.ts";
import { ProcessEndedError } from "../../processes/process-limits.ts";
import { runInProcess } from "../../processes/run-in-process.ts";
import { removePartialFiles } from "../file/writer.ts";
import type { ImportJob } from "./carry-out.ts";
import { ImportError, type ImportOutcome } from "./import-job.ts";

/** Parquet columns of one row group may become arrays of objects. */
const HEAP_MIB = 512;

/**
 * Converts uploaded files to a dataset file in a separate process with a limit of `seconds` of processor time. Resolves
 * with the warnings when the file is complete and durable at `job.target`. Throws ImportError when the data is refused
 * or takes too much memory or time; after any error there is no file.
 */
export async function runImport(job: ImportJob, seconds: number): Promise<string[]> {
  let outcome: ImportOutcome;
  try {
    const program = new URL("./import-process.js", import.meta.url);
    outcome = await runInProcess<ImportOutcome>(program, job, { heapMib: HEAP_MIB, seconds });
  } catch (error) {
    // The process ended without cleaning up.
    await removePartialFiles(job.target);
    throw error instanceof ProcessEndedError ? new ImportError(error.message) : error;
  }
  if (outcome.kind === "refused") throw new ImportError(outcome.reason);
  if (outcome.kind === "no space") throw new NoSpaceError(dirname(job.target));
  if (outcome.kind === "failed") throw new Error(`import failed: ${outcome.error}`);
  return outcome.warnings;
}
