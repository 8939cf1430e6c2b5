import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { clusters } from "../db/schema/index.ts";

/** The clusters that exist for the caller, oldest first. */
export async function listClusters({ app, caller }: Context) {
  const { uuid, name, owner_id, project_id, visibility, created_at } = clusters;
  return app.db
    .select({ uuid, name, owner_id, project_id, visibility, created_at })
    .from(clusters)
    .where(visibleTo(caller, clusters))
    .orderBy(clusters.sequence);
}
