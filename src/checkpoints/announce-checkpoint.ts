import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { holdProject } from "../accounts/hold-project.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { tempfilePath } from "../datasets/paths.ts";
import { syncFolder } from "../datasets/file/writer.ts";
import { createSparseFile } from "../datasets/upload/sparse-file.ts";
import { tempfiles } from "../db/schema/index.ts";

export interface AnnouncedCheckpoint {
  /** Of the checkpoint that will be. */
  uuid: string;
  name: string;
  uuid_input_file: string;
}

/** Makes room for a checkpoint's file. The checkpoint itself is there only once the file was found to be right. */
export async function announceCheckpoint(
  { app, caller }: Context,
  { name, bytes }: { name: string; bytes: number },
): Promise<AnnouncedCheckpoint> {
  const [uuid, file] = [randomUUID(), randomUUID()];
  const path = tempfilePath(app.storage, file);
  try {
    await createSparseFile(path, bytes);
    await syncFolder(app.storage.tempfiles);
    await app.db.transaction(async (tx) => {
      await holdProject(tx, caller);
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
    await rm(path, { force: true });
    throw error;
  }
  return { uuid, name, uuid_input_file: file };
}
