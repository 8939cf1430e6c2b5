import { outageOf } from "../../server/outage.ts";
import { DatasetFileError } from "../file/layout.ts";
import { fileRoles, formats, type FormatName } from "../formats.ts";
import { kindOfHead, otherKind } from "./file-kind.ts";
import { ImportError, type ImportFile, type ImportOutcome } from "./import-job.ts";

/** Input of the import process. */
export interface ImportJob extends ImportFile {
  type: FormatName;
}

/** Tells whether a file is of another kind, which is a better reason than the error of the wrong reader. */
async function wrongFile(job: ImportJob): Promise<string | undefined> {
  const { files } = formats[job.type];
  for (const role of fileRoles(job.type)) {
    const kind = await otherKind(job[role] as string, job.type);
    if (kind !== undefined) return `the ${files[role]} is ${kind}`;
  }
  return undefined;
}

/** Converts one upload and returns the outcome. */
export async function carryOut(job: ImportJob): Promise<ImportOutcome> {
  try {
    const importFile = await formats[job.type].importer();
    return { kind: "done", warnings: await importFile({ ...job, kindOf: kindOfHead }) };
  } catch (error) {
    if (error instanceof ImportError || error instanceof DatasetFileError) {
      return { kind: "refused", reason: (await wrongFile(job)) ?? error.message };
    }
    if (outageOf(error) === "space") return { kind: "no space" };
    return { kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
