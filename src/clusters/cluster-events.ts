import type { ClusterRow } from "../db/rows.ts";
import type { NewEvent } from "../events/event.ts";

type Described = Pick<ClusterRow, "uuid" | "name" | "host_uuid" | "mode" | "project_id" | "owner_id" | "owner_uuid">;

/** What has become of a cluster. */
export function clusterEvent(what: "created" | "moved" | "mode" | "deleted", row: Described): NewEvent {
  const { uuid, name, host_uuid, mode } = row;
  return { kind: `cluster.${what}`, data: { uuid, name, host_uuid, mode }, owner: row, cluster: uuid };
}
