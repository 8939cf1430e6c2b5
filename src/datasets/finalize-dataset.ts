import { rm, stat } from "node:fs/promises";
import { and, eq, inArray, isNull } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { datasets, tempfiles } from "../db/schema/index.ts";
import { badRequest, notFound } from "../errors.ts";
import { checkProjectBytes, roomInProject } from "../limits/project-bytes.ts";
import { datasetEvent } from "../events/dataset-events.ts";
import { findDataset } from "./find-dataset.ts";
import type { DatasetRow, TempfileRow } from "../db/rows.ts";
import { fileRoles, type FileRole, type FormatName } from "./formats.ts";
import type { ImportJob } from "./import/carry-out.ts";
import { ImportError, type ImportFile, type ImportOptions } from "./import/import-job.ts";
import { runImport } from "./import/run-import.ts";
import { datasetPath, tempfilePath } from "../files/storage.ts";
import { checkComplete, keepUpload, removeUploadedFiles, uuidsOf } from "../uploads/finalize-upload.ts";
import { isInDoubt } from "../server/outage.ts";
import { isMissing } from "../files/is-missing.ts";

export interface FinalizeInput {
  type: FormatName;
  uuid: string;
  /** Uuid of the temporary file for each of the format's roles. */
  files: Partial<Record<FileRole, string>>;
  options: ImportOptions;
}

/**
 * Turns a complete upload into a dataset. Throws 404 for unknown uuids, 409 while bytes are missing or another request
 * finalizes it, 400 with the reason when the data is refused. After an error the temporary files still exist, so that
 * chunks can be resent; on success they are removed.
 */
export async function finalizeDataset(context: Context, input: FinalizeInput): Promise<DatasetRow> {
  const dataset = await findDataset(context, input.uuid);
  const refusal = `Data-set with uuid '${input.uuid}' is being finalized already`;
  return context.app.uploads.finalize(dataset.uuid, refusal, () => finalize(context, dataset, input));
}

async function finalize(context: Context, dataset: DatasetRow, input: FinalizeInput): Promise<DatasetRow> {
  const { app } = context;
  const files: TempfileRow[] = [];
  for (const role of fileRoles(input.type)) {
    files.push(await findTempfile(context, dataset, role, input.files[role] as string));
  }
  if (dataset.type !== input.type) {
    throw badRequest(`Data-set with uuid '${input.uuid}' was announced as ${dataset.type}, not as ${input.type}`);
  }
  const upload = `data-set with uuid '${input.uuid}'`;
  for (const file of files) checkComplete(file, { upload, part: ` of its ${file.role}-file` });

  // The dataset replaces its upload, whose bytes become free.
  const { limits } = app.config;
  const uploadBytes = files.reduce((total, { file_size }) => total + file_size, 0);
  const spareBytes = (await roomInProject(limits, app.db, dataset.project_id)) + uploadBytes;
  const paths = files.map(({ role, uuid }) => [role, tempfilePath(app.storage, uuid)]);
  const job: ImportJob = {
    ...input.options,
    type: input.type,
    name: dataset.name,
    target: datasetPath(app.storage, dataset.uuid),
    ...(Object.fromEntries(paths) as Pick<ImportFile, FileRole>),
    rowsMax: limits.datasetRows,
    bytesMax: Math.min(limits.datasetBytes, spareBytes),
  };
  let warnings: string[];
  try {
    const owner = { projectId: dataset.project_id, userId: context.caller.userUuid };
    warnings = await app.readers.run(owner, uploadBytes, (seconds) => runImport(job, seconds));
  } catch (error) {
    await keepUpload(app, files);
    if (error instanceof ImportError) throw badRequest(`Data-set can not be imported: ${error.message}`);
    // Throws 404 when the dataset and its files were deleted before they were read.
    await findDataset(context, input.uuid);
    throw error;
  }

  let ready: DatasetRow;
  try {
    const { size } = await stat(job.target);
    ready = await app.db.transaction(async (tx) => {
      await checkProjectBytes(limits, tx, dataset.project_id, size - uploadBytes);
      const [row] = await tx
        .update(datasets)
        .set({ state: "ready", file_size: size, warnings })
        .where(and(eq(datasets.uuid, dataset.uuid), eq(datasets.state, "uploading"), isNull(datasets.deleted_at)))
        .returning();
      if (row === undefined) throw notFound(`Data-set with uuid '${input.uuid}' not found`);
      await tx
        .update(tempfiles)
        .set({ deleted_at: new Date() })
        .where(inArray(tempfiles.uuid, uuidsOf(files)));
      app.events.publishWith(tx, datasetEvent("ready", row));
      return row;
    });
  } catch (error) {
    if (!isInDoubt(error)) await rm(job.target, { force: true });
    // Throws 404 when the dataset and its new file were deleted.
    if (isMissing(error)) await findDataset(context, input.uuid);
    throw error;
  }
  await removeUploadedFiles(app, uuidsOf(files));
  return ready;
}

async function findTempfile(
  { app, caller }: Context,
  dataset: DatasetRow,
  role: FileRole,
  uuid: string,
): Promise<TempfileRow> {
  const [row] = await app.db
    .select()
    .from(tempfiles)
    .where(
      and(
        eq(tempfiles.uuid, uuid),
        eq(tempfiles.dataset_uuid, dataset.uuid),
        eq(tempfiles.role, role),
        visibleTo(caller, tempfiles),
      ),
    );
  // Deleting a dataset deletes its temporary files, so this reports a deleted dataset first.
  if (row === undefined) await findDataset({ app, caller }, dataset.uuid);
  if (row === undefined) throw notFound(`${role === "input" ? "Input" : "Label"}-data with uuid '${uuid}' not found.`);
  return row;
}
