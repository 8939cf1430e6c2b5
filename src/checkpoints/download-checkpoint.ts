import { open } from "node:fs/promises";
import type { Context } from "../app-context.ts";
import { filePieces } from "../files/file-pieces.ts";
import { checkpointPath } from "../files/storage.ts";
import { checkpointNotFound, findCheckpoint } from "./find-checkpoint.ts";
import type { CheckpointRow } from "../db/rows.ts";
import { isMissing } from "../files/is-missing.ts";

/**
 * Opens the file of a checkpoint; the caller must consume or end `pieces`. The file stays readable after the checkpoint
 * is deleted.
 */
export async function downloadCheckpoint(
  context: Context,
  { uuid }: { uuid: string },
): Promise<{ row: CheckpointRow; pieces: AsyncIterable<Uint8Array> }> {
  const row = await findCheckpoint(context, uuid);
  try {
    const file = await open(checkpointPath(context.app.storage, row.uuid), "r");
    return { row, pieces: filePieces(file) };
  } catch (error) {
    // The checkpoint has just been deleted.
    if (isMissing(error)) throw checkpointNotFound(uuid);
    throw error;
  }
}
