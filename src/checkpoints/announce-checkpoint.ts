import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { holdProject } from "../accounts/hold-project.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { tempfilePath } from "../datasets/paths.ts";
import { syncFolder } from "../datasets/file/writer.ts";
import { createSparseFile } from "../datasets/upload/sparse-file.ts";
import { tempfiles } from "../db/schema/index.ts";
import { checkRoom } from "../limits/check-room.ts";
import { checkProjectBytes } from "../limits/project-bytes.ts";
import { checkUploadBytes } from "../limits/check-upload-bytes.ts";
import { isInDoubt } from "../outage.ts";

export interface AnnouncedCheckpoint {
  /** Of the checkpoint that will be. */
  uuid: string;
  name: string;
  uuid_input_file: string;
}

/**
 * Makes room for a checkpoint's file. The checkpoint itself is there only once the file was found to be right. Throws
 * 400 for a file that is too big, 409 when the project has as many checkpoints or uploads as it may.
 */
export async function announceCheckpoint(
  { app, caller }: Context,
  { name, bytes }: { name: string; bytes: number },
): Promise<AnnouncedCheckpoint> {
  checkUploadBytes(app, bytes);
  const [uuid, file] = [randomUUID(), randomUUID()];
  const path = tempfilePath(app.storage, file);
  try {
    await createSparseFile(path, bytes);
    await syncFolder(app.storage.tempfiles);
    await app.db.transaction(async (tx) => {
      await holdProject(tx, caller);
      await checkRoom(app, tx, "uploads", caller.projectId);
      await checkRoom(app, tx, "checkpoints", caller.projectId);
      await checkProjectBytes(app.config.limits, tx, caller.projectId, bytes);
      await tx.insert(tempfiles).values({
        uuid: file,
        checkpoint_uuid: uuid,
        checkpoint_name: name,
        role: "input",
        file_size: bytes,
        ...ownedBy(caller),
      });
    });
  } catch (error) {
    if (!isInDoubt(error)) await rm(path, { force: true });
    throw error;
  }
  return { uuid, name, uuid_input_file: file };
}
