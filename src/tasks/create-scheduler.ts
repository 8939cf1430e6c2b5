import { and, eq, isNull } from "drizzle-orm";
import { clusters, isOpenTask, tasks } from "../db/schema/index.ts";
import type { TaskResources } from "./running-task.ts";
import { roomMaker } from "./room-maker.ts";
import { ScheduledCluster } from "./scheduled-cluster.ts";
import type { Scheduler } from "./scheduler.ts";
import { sweepFiles } from "./sweep-files.ts";

/** Creates the scheduler: sweeps leftover files of an earlier run, then resumes every queue that is not empty. */
export async function createScheduler(resources: TaskResources): Promise<Scheduler> {
  const { db, changes } = resources;
  await sweepFiles(resources);

  const scheduled = new Map<string, ScheduledCluster>();
  const clusterOf = (uuid: string): ScheduledCluster => {
    const known = scheduled.get(uuid);
    if (known !== undefined) return known;
    const created: ScheduledCluster = new ScheduledCluster(resources, uuid, () => {
      if (scheduled.get(uuid) === created) scheduled.delete(uuid);
    });
    scheduled.set(uuid, created);
    return created;
  };
  for (const host of resources.hosts.list()) {
    host.onLeft((uuid) => scheduled.get(uuid)?.settle());
    resources.hosts.room(host).onShortage(roomMaker(scheduled, host));
  }

  const waiting = await db
    .selectDistinct({ uuid: tasks.cluster_uuid })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(and(isNull(clusters.deleted_at), isOpenTask));
  for (const { uuid } of waiting) clusterOf(uuid).queue.wake();

  return {
    wake: (uuid) => clusterOf(uuid).queue.wake(),
    progress: (uuid, taskUuid) => scheduled.get(uuid)?.task.progress(taskUuid),
    curve: (uuid, taskUuid) => scheduled.get(uuid)?.task.curve(taskUuid) ?? null,
    liveFigures: (uuid) => scheduled.get(uuid)?.onHost?.figures,
    refusal: (uuid) => scheduled.get(uuid)?.refusal,
    networks: () => [...scheduled.values()].flatMap(({ onHost }) => (onHost === null ? [] : [onHost])),
    abort: async (uuid, taskUuid) => scheduled.get(uuid)?.task.abort(taskUuid),
    exclusive: (uuid, work) => clusterOf(uuid).exclusive(work),
    retire: async (uuid, remove) => {
      await clusterOf(uuid).retire(remove);
      scheduled.delete(uuid);
    },
    onRetired: (uuid, listener) => clusterOf(uuid).onRetired(listener),
    onChanged: (task, listener) => changes.on(task, listener),
    changed: (task) => changes.changed(task),
    close: async () => {
      await Promise.all([...scheduled.values()].map((each) => each.close()));
    },
  };
}
