import { and, eq } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { checkpoints } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export type CheckpointRow = typeof checkpoints.$inferSelect;

/** The checkpoint if it exists for the caller, else 404. */
export async function findCheckpoint({ app, caller }: Context, uuid: string): Promise<CheckpointRow> {
  const [row] = await app.db
    .select()
    .from(checkpoints)
    .where(and(eq(checkpoints.uuid, uuid), visibleTo(caller, checkpoints)));
  if (row === undefined) throw checkpointNotFound(uuid);
  return row;
}

export const checkpointNotFound = (uuid: string) => notFound(`Checkpoint with uuid '${uuid}' not found`);
