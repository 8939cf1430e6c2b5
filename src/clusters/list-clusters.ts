import { and, gt, sql } from "drizzle-orm";
import { visibleQuery } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { clusters } from "../db/schema/index.ts";
import type { ClusterRow } from "./find-cluster.ts";

type Listed = Pick<ClusterRow, "uuid" | "sequence" | "name" | "owner_id" | "project_id" | "visibility" | "created_at">;
const { uuid, sequence, name, owner_id, project_id, visibility, created_at } = clusters;

const page = visibleQuery<{ after: number }, Listed[]>(clusters, (db, isVisible) =>
  db
    .select({ uuid, sequence, name, owner_id, project_id, visibility, created_at })
    .from(clusters)
    .where(and(isVisible, gt(sequence, sql.placeholder("after"))))
    .orderBy(sequence)
    .limit(PAGE_ROWS)
    .prepare("list_clusters"),
);

/** The clusters that exist for the caller, oldest first. */
export async function listClusters(context: Context): Promise<Listed[]> {
  return readPages((after) => page(context, { after }));
}
