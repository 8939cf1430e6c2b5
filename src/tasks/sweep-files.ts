import { basename } from "node:path";
import { and, eq, isNotNull, isNull } from "drizzle-orm";
import { keepOnly } from "../files/keep-only.ts";
import { checkpointPath } from "../files/storage.ts";
import { pinName } from "../clusters/restore-pin.ts";
import type { TaskResources } from "./running-task.ts";
import { checkpoints, clusters, isOpenTask, tasks } from "../db/schema/index.ts";

/** Removes snapshots, pins and checkpoints without a row: leftovers of a killed server. */
export async function sweepFiles({ db, storage, log }: Pick<TaskResources, "db" | "storage" | "log">): Promise<void> {
  const snapshots = await db
    .select({ name: clusters.snapshot })
    .from(clusters)
    .where(and(isNull(clusters.deleted_at), isNotNull(clusters.snapshot)));
  const restores = await db
    .select({ taskUuid: tasks.uuid, clusterUuid: tasks.cluster_uuid })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(and(isNull(clusters.deleted_at), isOpenTask));
  const pins = restores.map(pinName);
  await keepOnly(storage.clusters, [...snapshots.map(({ name }) => name as string), ...pins], log);
  const saved = await db.select({ uuid: checkpoints.uuid }).from(checkpoints).where(isNull(checkpoints.deleted_at));
  await keepOnly(
    storage.checkpoints,
    saved.map(({ uuid }) => basename(checkpointPath(storage, uuid))),
    log,
  );
}
