import { outageOf } from "../../server/outage.ts";
import { DatasetFileError } from "../file/layout.ts";
import { otherKind } from "./file-kind.ts";
import { importCsv } from "./import-csv.ts";
import { ImportError, type ImportJob, type ImportOutcome } from "./import-job.ts";
import { importMnist } from "./import-mnist.ts";
import { importNpy } from "./import-npy.ts";

/** Resolves with the warnings. What reads Parquet and Arrow is loaded only for those. */
async function importFile(job: ImportJob): Promise<string[]> {
  switch (job.type) {
    case "mnist":
      return importMnist(job);
    case "csv":
      return importCsv(job);
    case "npy":
      return importNpy(job);
    case "parquet":
      return (await import("./import-parquet.ts")).importParquet(job);
    case "arrow":
      return (await import("./import-arrow.ts")).importArrow(job);
  }
}

/** What was wrong is of no interest when the file is one of another kind. */
async function wrongFile(job: ImportJob): Promise<string | undefined> {
  const files = job.type === "mnist" ? { "image file": job.input, "label file": job.label } : { file: job.input };
  for (const [what, path] of Object.entries(files)) {
    const kind = await otherKind(path, job.type);
    if (kind !== undefined) return `the ${what} is ${kind}`;
  }
  return undefined;
}

/** Converts one uploaded file and says how it went. */
export async function carryOut(job: ImportJob): Promise<ImportOutcome> {
  try {
    return { kind: "done", warnings: await importFile(job) };
  } catch (error) {
    if (error instanceof ImportError || error instanceof DatasetFileError) {
      return { kind: "refused", reason: (await wrongFile(job)) ?? error.message };
    }
    if (outageOf(error) === "space") return { kind: "no space" };
    return { kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
