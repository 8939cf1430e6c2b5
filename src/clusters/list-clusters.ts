import { and, gt } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { PAGE_ROWS, readPages } from "../db/read-pages.ts";
import { clusters } from "../db/schema/index.ts";

/** The clusters that exist for the caller, oldest first. */
export async function listClusters({ app, caller }: Context) {
  const { uuid, sequence, name, owner_id, project_id, visibility, created_at } = clusters;
  return readPages((after) =>
    app.db
      .select({ uuid, sequence, name, owner_id, project_id, visibility, created_at })
      .from(clusters)
      .where(and(visibleTo(caller, clusters), gt(sequence, after)))
      .orderBy(sequence)
      .limit(PAGE_ROWS),
  );
}
