import { visibleRows } from "../accounts/visible-rows.ts";
import { clusters } from "../db/schema/index.ts";

/** The clusters that the caller can see, oldest first. */
export const listClusters = visibleRows(clusters, [
  "uuid",
  "sequence",
  "name",
  "owner_id",
  "project_id",
  "visibility",
  "created_at",
]);
