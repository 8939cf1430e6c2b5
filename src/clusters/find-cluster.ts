import type { ClusterRow } from "../db/rows.ts";
import { and, eq } from "drizzle-orm";
import { visibleRow } from "../accounts/visible-rows.ts";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { clusters } from "../db/schema/index.ts";
import { clusterNotFound } from "./cluster-row.ts";

const byUuid = visibleRow(clusters);

/** Returns the cluster. Throws 404 when the caller cannot see it. */
export async function findCluster(context: Context, uuid: string): Promise<ClusterRow> {
  const row = await byUuid(context, uuid);
  if (row === undefined) throw clusterNotFound(uuid);
  return row;
}

/** Like `findCluster`, but locks the row: the cluster cannot be deleted before the transaction ends. */
export async function lockCluster({ caller }: Context, tx: Db, uuid: string): Promise<ClusterRow> {
  const [row] = await tx
    .select()
    .from(clusters)
    .where(and(eq(clusters.uuid, uuid), visibleTo(caller, clusters)))
    .for("share");
  if (row === undefined) throw clusterNotFound(uuid);
  return row;
}
