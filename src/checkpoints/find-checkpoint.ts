import { and, eq, sql } from "drizzle-orm";
import { visibleQuery } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { checkpoints } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export type CheckpointRow = typeof checkpoints.$inferSelect;

const byUuid = visibleQuery<{ uuid: string }, CheckpointRow[]>(checkpoints, (db, isVisible) =>
  db
    .select()
    .from(checkpoints)
    .where(and(eq(checkpoints.uuid, sql.placeholder("uuid")), isVisible))
    .prepare("find_checkpoint"),
);

/** The checkpoint if it exists for the caller, else 404. */
export async function findCheckpoint(context: Context, uuid: string): Promise<CheckpointRow> {
  const [row] = await byUuid(context, { uuid });
  if (row === undefined) throw checkpointNotFound(uuid);
  return row;
}

export const checkpointNotFound = (uuid: string) => notFound(`Checkpoint with uuid '${uuid}' not found`);
