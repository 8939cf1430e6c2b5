import { z } from "zod";
import type { ClusterRow } from "../../db/rows.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { timestampOutput } from "../fields.ts";

export const clusterOutput = z.object({
  created_at: timestampOutput,
  name: z.string(),
  owner_id: z.string(),
  project_id: z.string(),
  uuid: z.string(),
  visibility: z.string(),
});

export function toClusterBody(cluster: ClusterRow): z.input<typeof clusterOutput> {
  const { name, owner_id, project_id, uuid, visibility } = cluster;
  return { created_at: formatTimestamp(cluster.created_at), name, owner_id, project_id, uuid, visibility };
}
