import type { CheckpointRow } from "../db/rows.ts";
import { visibleRow } from "../accounts/visible-rows.ts";
import type { Context } from "../app-context.ts";
import { checkpoints } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

const byUuid = visibleRow(checkpoints);

/** Returns the checkpoint. Throws 404 when the caller cannot see it. */
export async function findCheckpoint(context: Context, uuid: string): Promise<CheckpointRow> {
  const row = await byUuid(context, uuid);
  if (row === undefined) throw checkpointNotFound(uuid);
  return row;
}

export const checkpointNotFound = (uuid: string) => notFound(`Checkpoint with uuid '${uuid}' not found`);
