/** Converts one uploaded dataset in a thread of its own and says how it went. */
import { parentPort, workerData } from "node:worker_threads";
import { DatasetFileError } from "../file/layout.ts";
import { importCsv } from "./import-csv.ts";
import { ImportError, type ImportJob, type ImportOutcome } from "./import-job.ts";
import { importMnist } from "./import-mnist.ts";

async function run(job: ImportJob): Promise<ImportOutcome> {
  try {
    await (job.type === "mnist" ? importMnist(job) : importCsv(job));
    return { kind: "done" };
  } catch (error) {
    if (error instanceof ImportError || error instanceof DatasetFileError) {
      return { kind: "refused", reason: error.message };
    }
    return { kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.postMessage(await run(workerData as ImportJob));
