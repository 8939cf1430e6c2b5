import { and, eq, isNull, notExists } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { clusters, isOpenTask, tasks } from "../db/schema/index.ts";
import { conflict } from "../errors.ts";
import type { ClusterMode } from "./cluster-network.ts";
import { clusterEvent } from "./cluster-events.ts";
import { findCluster } from "./find-cluster.ts";
import type { ClusterRow } from "../db/rows.ts";

/**
 * Switches between tasks and direct IO: to DIRECT only while no task is queued or active, to TASK only from DIRECT and
 * after the directly learned state has been saved. Throws 409 otherwise. Tasks that were queued meanwhile start with
 * TASK.
 */
export async function setMode(
  context: Context,
  { uuid: wanted, new_state: mode }: { uuid: string; new_state: ClusterMode },
): Promise<ClusterRow> {
  const { db, scheduler, events } = context.app;
  const { uuid } = await findCluster(context, wanted);
  const row = await scheduler.exclusive(uuid, async (network) => {
    if (network.dirty && mode === "TASK") await network.save();
    const unfinished = db
      .select({ uuid: tasks.uuid })
      .from(tasks)
      .where(and(eq(tasks.cluster_uuid, uuid), isOpenTask));
    const change = db
      .update(clusters)
      .set({ mode })
      .where(
        and(
          eq(clusters.uuid, uuid),
          isNull(clusters.deleted_at),
          eq(clusters.mode, mode === "TASK" ? "DIRECT" : "TASK"),
          mode === "DIRECT" ? notExists(unfinished) : undefined,
        ),
      )
      .returning();
    const [changed] = await events.publishAfter(change, (rows) => rows.map((each) => clusterEvent("mode", each)));
    if (changed !== undefined) network.modeChanged(mode);
    return changed;
  });
  if (row === undefined) throw conflict(`Can not switch cluster to '${mode}'`);
  if (mode === "TASK") scheduler.wake(uuid);
  return row;
}
