import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { holdProject } from "../accounts/hold-project.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { datasets, tempfiles } from "../db/schema/index.ts";
import { checkRoom } from "../limits/check-room.ts";
import { checkProjectBytes } from "../limits/project-bytes.ts";
import { checkUploadBytes } from "../limits/check-upload-bytes.ts";
import type { DatasetRow, DatasetType } from "./find-dataset.ts";
import { syncFolder } from "./file/writer.ts";
import { tempfilePath } from "./paths.ts";
import { createSparseFile } from "./upload/sparse-file.ts";
import { isInDoubt } from "../outage.ts";

export interface AnnouncedUpload {
  dataset: DatasetRow;
  /** Uuids of the temporary files, in the order of the announced ones. */
  tempfiles: string[];
}

/**
 * Makes a dataset without rows and an empty temporary file for each announced one. The files have their full size
 * from the beginning, but take room only as bytes arrive. Throws 400 for files that are too big, 409 when the project
 * has as many datasets or uploads as it may.
 */
export async function announceUpload(
  { app, caller }: Context,
  input: { name: string; type: DatasetType; files: { role: "input" | "label"; bytes: number }[] },
): Promise<AnnouncedUpload> {
  for (const { bytes } of input.files) checkUploadBytes(app, bytes);
  const owner = ownedBy(caller);
  const uuid = randomUUID();
  const files = input.files.map((file) => ({ ...file, uuid: randomUUID() }));
  try {
    for (const file of files) await createSparseFile(tempfilePath(app.storage, file.uuid), file.bytes);
    await syncFolder(app.storage.tempfiles);
    const dataset = await app.db.transaction(async (tx) => {
      await holdProject(tx, caller);
      await checkRoom(app, tx, "uploads", caller.projectId);
      await checkRoom(app, tx, "datasets", caller.projectId);
      const bytes = input.files.reduce((total, file) => total + file.bytes, 0);
      await checkProjectBytes(app.config.limits, tx, caller.projectId, bytes);
      const [row] = await tx
        .insert(datasets)
        .values({ uuid, name: input.name, type: input.type, state: "uploading", ...owner })
        .returning();
      await tx.insert(tempfiles).values(
        files.map(({ uuid: tempfile, role, bytes }) => ({
          uuid: tempfile,
          dataset_uuid: uuid,
          role,
          file_size: bytes,
          ...owner,
        })),
      );
      return row as DatasetRow;
    });
    return { dataset, tempfiles: files.map((file) => file.uuid) };
  } catch (error) {
    if (isInDoubt(error)) throw error;
    for (const file of files) await rm(tempfilePath(app.storage, file.uuid), { force: true });
    throw error;
  }
}
