import { and, eq, isNull, sql, sum } from "drizzle-orm";
import type { Limits } from "../server/config.ts";
import type { Db } from "../db/client.ts";
import { checkpoints, datasets, tempfiles } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";

type ByteLimit = Pick<Limits, "projectBytes">;

/** Bytes of the project's datasets, checkpoints and uploads; uploads count with their announced sizes. */
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

/** Bytes that the project may still add; Infinity without a limit. An estimate: concurrent requests may add some. */
export async function roomInProject(limits: ByteLimit, db: Db, projectId: string): Promise<number> {
  if (limits.projectBytes === undefined) return Infinity;
  return Math.max(0, limits.projectBytes - (await bytesOf(db, projectId)));
}

/** The text of the refusal; the defaults yield the text that the API documentation shows. */
export const noBytesText = (
  projectId = "{id}",
  bytes: number | string = "{number}",
  limit: number | string = "{number}",
) => `Project with id '${projectId}' has no room for ${bytes} more bytes: its limit is ${limit}.`;

/**
 * Call it in the transaction that records `bytes` more. It holds a lock until commit, so concurrent additions to the
 * project are serialized. Throws 409 when the limit would be exceeded.
 */
export async function checkProjectBytes(limits: ByteLimit, tx: Db, projectId: string, bytes: number): Promise<void> {
  if (limits.projectBytes === undefined) return;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`bytes of ${projectId}`}, 0))`);
  if ((await bytesOf(tx, projectId)) + bytes > limits.projectBytes) {
    throw conflict(noBytesText(projectId, bytes, limits.projectBytes));
  }
}
