import { and, eq, isNull } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import type { ClusterRow } from "../db/rows.ts";
import { clusters } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export const clusterNotFound = (uuid: string) => notFound(`Cluster with uuid '${uuid}' not found`);

const isThere = (uuid: string) => and(eq(clusters.uuid, uuid), isNull(clusters.deleted_at));

/** Reads a row for the server itself, which sees every cluster. Throws 404 when the cluster has been deleted. */
export async function readClusterRow(db: Db, uuid: string): Promise<ClusterRow> {
  const [row] = await db.select().from(clusters).where(isThere(uuid));
  if (row === undefined) throw clusterNotFound(uuid);
  return row;
}

/** Updates a row for the server itself. Throws 404 when the cluster has been deleted. */
export async function updateClusterRow(db: Db, uuid: string, values: Partial<ClusterRow>): Promise<void> {
  const [row] = await db.update(clusters).set(values).where(isThere(uuid)).returning({ uuid: clusters.uuid });
  if (row === undefined) throw clusterNotFound(uuid);
}
