import type { ClusterRow } from "../db/rows.ts";
import { and, eq } from "drizzle-orm";
import { visibleRow } from "../accounts/visible-rows.ts";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import type { Db } from "../db/client.ts";
import { clusters } from "../db/schema/index.ts";
import { clusterNotFound } from "./cluster-row.ts";

const byUuid = visibleRow(clusters);

/** The cluster if it exists for the caller, else 404. */
export async function findCluster(context: Context, uuid: string): Promise<ClusterRow> {
  const row = await byUuid(context, uuid);
  if (row === undefined) throw clusterNotFound(uuid);
  return row;
}

/** Like `findCluster`, in a transaction, and the cluster cannot be deleted before that ends. */
export async function lockCluster({ caller }: Context, tx: Db, uuid: string): Promise<ClusterRow> {
  const [row] = await tx
    .select()
    .from(clusters)
    .where(and(eq(clusters.uuid, uuid), visibleTo(caller, clusters)))
    .for("share");
  if (row === undefined) throw clusterNotFound(uuid);
  return row;
}
