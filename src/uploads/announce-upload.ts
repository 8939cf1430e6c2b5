import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { lockAssignment } from "../accounts/lock-assignment.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import type { TempfileRow } from "../db/rows.ts";
import { tempfiles } from "../db/schema/index.ts";
import { syncFolder, createSparseFile } from "../files/durable-file.ts";
import { tempfilePath } from "../files/storage.ts";
import { checkRoom } from "../limits/check-room.ts";
import { checkUploadBytes } from "../limits/check-upload-bytes.ts";
import { checkProjectBytes } from "../limits/project-bytes.ts";
import { isInDoubt } from "../server/outage.ts";

export interface Announcement {
  becomes: "datasets" | "checkpoints";
  files: readonly { role: TempfileRow["role"]; bytes: number }[];
  /** The future dataset or checkpoint, as columns of the files' rows. */
  target: Partial<Pick<TempfileRow, "dataset_uuid" | "checkpoint_uuid" | "checkpoint_name">>;
}

/**
 * Creates an empty temporary file for each announced file, and resolves to their uuids in the order of `files`. The
 * files are sparse: they have their full size, but take disk space only as bytes arrive. `insertTarget` runs in the
 * transaction that inserts the rows, before them. Throws 400 for files that are too big, 409 when the project has
 * reached its limit of uploads or of what they become; after an error nothing is left.
 */
export async function announceUpload(
  { app, caller }: Context,
  { becomes, files, target }: Announcement,
  insertTarget?: (tx: Db) => Promise<void>,
): Promise<string[]> {
  for (const { bytes } of files) checkUploadBytes(app, bytes);
  const rows = files.map(({ role, bytes }) => ({
    uuid: randomUUID(),
    role,
    file_size: bytes,
    ...target,
    ...ownedBy(caller),
  }));
  const totalBytes = rows.reduce((total, { file_size }) => total + file_size, 0);
  try {
    for (const { uuid, file_size } of rows) await createSparseFile(tempfilePath(app.storage, uuid), file_size);
    await syncFolder(app.storage.tempfiles);
    await app.db.transaction(async (tx) => {
      await lockAssignment(tx, caller);
      await checkRoom(app, tx, "uploads", caller.projectId);
      await checkRoom(app, tx, becomes, caller.projectId);
      await checkProjectBytes(app.config.limits, tx, caller.projectId, totalBytes);
      await insertTarget?.(tx);
      await tx.insert(tempfiles).values(rows);
    });
  } catch (error) {
    if (isInDoubt(error)) throw error;
    for (const { uuid } of rows) await rm(tempfilePath(app.storage, uuid), { force: true });
    throw error;
  }
  return rows.map(({ uuid }) => uuid);
}
