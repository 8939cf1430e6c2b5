import type { ClusterRow } from "../db/rows.ts";
import type { EventOwner, NewEvent } from "../events/event.ts";

type Described = Pick<ClusterRow, "uuid" | "name" | "host_uuid" | "mode" | "project_id" | "owner_id" | "owner_uuid">;

/** What has become of a cluster. */
export function clusterEvent(what: "created" | "moved" | "mode" | "deleted", row: Described): NewEvent {
  const { uuid, name, host_uuid, mode } = row;
  return { kind: `cluster.${what}`, data: { uuid, name, host_uuid, mode }, owner: row, cluster: uuid };
}

/** A task is deleted, by itself or with its cluster. The owner is that of the cluster. */
export function taskDeletedEvent(
  { uuid, cluster_uuid }: { uuid: string; cluster_uuid: string },
  owner: EventOwner,
): NewEvent {
  return { kind: "task.deleted", data: { uuid, cluster_uuid }, owner, cluster: cluster_uuid, task: uuid };
}
