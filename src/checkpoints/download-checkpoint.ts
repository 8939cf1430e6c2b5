import { open } from "node:fs/promises";
import type { Context } from "../app-context.ts";
import { filePieces } from "../files/file-pieces.ts";
import { checkpointPath } from "../files/storage.ts";
import { checkpointNotFound, findCheckpoint } from "./find-checkpoint.ts";
import type { CheckpointRow } from "../db/rows.ts";
import { isMissing } from "../files/is-missing.ts";

/** The file of a checkpoint, to be read to its end or ended. It stays readable while the checkpoint is deleted. */
export async function downloadCheckpoint(
  context: Context,
  { uuid }: { uuid: string },
): Promise<{ row: CheckpointRow; pieces: AsyncIterable<Uint8Array> }> {
  const row = await findCheckpoint(context, uuid);
  try {
    const file = await open(checkpointPath(context.app.storage, row.uuid), "r");
    return { row, pieces: filePieces(file) };
  } catch (error) {
    // Deleted a moment ago.
    if (isMissing(error)) throw checkpointNotFound(uuid);
    throw error;
  }
}
