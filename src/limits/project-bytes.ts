import { and, eq, isNull, sql, sum } from "drizzle-orm";
import type { Limits } from "../server/config.ts";
import type { Db } from "../db/client.ts";
import { checkpoints, datasets, tempfiles } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";

type ByteLimit = Pick<Limits, "projectBytes">;

/** Bytes of the project's datasets and checkpoints, and of its uploads with their announced sizes. */
async function bytesOf(tx: Db, projectId: string): Promise<number> {
  let bytes = 0;
  for (const table of [datasets, checkpoints, tempfiles]) {
    const [row] = await tx
      .select({ value: sum(table.file_size).mapWith(Number) })
      .from(table)
      .where(and(eq(table.project_id, projectId), isNull(table.deleted_at)));
    bytes += row?.value ?? 0;
  }
  return bytes;
}

/** How many bytes the project may still add; Infinity without a limit. An estimate: others may add some meanwhile. */
export async function roomInProject(limits: ByteLimit, db: Db, projectId: string): Promise<number> {
  if (limits.projectBytes === undefined) return Infinity;
  return Math.max(0, limits.projectBytes - (await bytesOf(db, projectId)));
}

/** The text of the refusal; with the defaults, as the documentation of the API shows it. */
export const noBytesText = (
  projectId = "{id}",
  bytes: number | string = "{number}",
  limit: number | string = "{number}",
) => `Project with id '${projectId}' has no room for ${bytes} more bytes: its limit is ${limit}.`;

/**
 * To be asked in the transaction that records `bytes` more. Whoever else adds some in this project waits until that
 * ends. Throws 409 when there is no room.
 */
export async function checkProjectBytes(limits: ByteLimit, tx: Db, projectId: string, bytes: number): Promise<void> {
  if (limits.projectBytes === undefined) return;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`bytes of ${projectId}`}, 0))`);
  if ((await bytesOf(tx, projectId)) + bytes > limits.projectBytes) {
    throw conflict(noBytesText(projectId, bytes, limits.projectBytes));
  }
}
