import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { NoSpaceError } from "../../outage.ts";
import { readerPlaces, runInProcess } from "../../run-in-process.ts";
import { removePartialFiles } from "../file/writer.ts";
import { ImportError, type ImportJob, type ImportOutcome } from "./import-job.ts";

/** Imports stream; a heap beyond this is a defect and shall end the import, not the server. */
const WORKER_HEAP_MIB = 128;
/** Columns of one row group of a Parquet file may become arrays of objects. */
const PROCESS_HEAP_MIB = 512;
/** A reader that is lured into an endless loop must not keep its place for ever: 10 minutes, and 1 more per 100 MB. */
const PROCESS_MS = 600_000;
const PROCESS_MS_PER_BYTE = 600e-6;

/**
 * Converts uploaded files to a dataset file in a worker thread or process, when one of `readerPlaces` is free.
 * Resolves with the warnings when the file lies, complete and durable, under `job.target`. Throws ImportError when the
 * data was refused; after any error there is no file.
 */
export async function runImport(job: ImportJob): Promise<string[]> {
  const outcome = await readerPlaces.run(async () => {
    try {
      const isForeign = job.type === "parquet" || job.type === "arrow";
      return await (isForeign ? runProcess(job) : runWorker(job));
    } catch (error) {
      // The worker died before it could tidy up.
      await removePartialFiles(job.target);
      throw error;
    }
  });
  if (outcome.kind === "refused") throw new ImportError(outcome.reason);
  if (outcome.kind === "no space") throw new NoSpaceError(dirname(job.target));
  if (outcome.kind === "failed") throw new Error(`import failed: ${outcome.error}`);
  return outcome.warnings;
}

function runWorker(job: ImportJob): Promise<ImportOutcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./import-worker.js", import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB },
    });
    worker.once("message", resolve);
    worker.once("error", reject);
    // After a message or an error this changes nothing.
    worker.once("exit", (code) => reject(new Error(`the import worker ended with code ${code}`)));
  });
}

async function runProcess(job: ImportJob): Promise<ImportOutcome> {
  const { size } = await stat(job.input);
  const outcome = await runInProcess<ImportOutcome>(new URL("./import-process.js", import.meta.url), job, {
    heapMib: PROCESS_HEAP_MIB,
    timeMs: PROCESS_MS + size * PROCESS_MS_PER_BYTE,
  });
  return outcome ?? { kind: "refused", reason: "reading it takes too much memory or time; write it in smaller parts" };
}
