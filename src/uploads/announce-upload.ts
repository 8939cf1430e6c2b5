import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { lockAssignment } from "../accounts/lock-assignment.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import type { TempfileRow } from "../db/rows.ts";
import { tempfiles } from "../db/schema/index.ts";
import { syncFolder } from "../files/durable-file.ts";
import { tempfilePath } from "../files/storage.ts";
import { checkRoom } from "../limits/check-room.ts";
import { checkUploadBytes } from "../limits/check-upload-bytes.ts";
import { checkProjectBytes } from "../limits/project-bytes.ts";
import { isInDoubt } from "../server/outage.ts";
import { createSparseFile } from "./sparse-file.ts";

export interface Announcement {
  becomes: "datasets" | "checkpoints";
  files: readonly { role: TempfileRow["role"]; bytes: number }[];
  /** What the files become, as their rows say it. */
  target: Partial<Pick<TempfileRow, "dataset_uuid" | "checkpoint_uuid" | "checkpoint_name">>;
}

/**
 * Makes an empty temporary file for each announced one. The files have their full size from the beginning, but take
 * room only as bytes arrive. `insertTarget` runs in the transaction that records them, before their rows. Resolves to
 * their uuids, in the order of `files`. Throws 400 for files that are too big, 409 when the project has as many uploads
 * as it may, or as many of what they become; nothing is left then.
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
