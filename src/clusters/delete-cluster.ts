import { and, eq, inArray, sql } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { clusters, notifications, tasks } from "../db/schema/index.ts";
import { discardResultRow, removeResultFile } from "../datasets/discard-result.ts";
import { clusterEvent, taskDeletedEvent } from "./cluster-events.ts";
import { clusterNotFound } from "./cluster-row.ts";
import { findCluster } from "./find-cluster.ts";

/** Events about single tasks of a deleted cluster. The event of the cluster stands for the others. */
const TOLD_MAX = 1000;

/** Stops the cluster's work and deletes the cluster with its tasks. Checkpoints and finished results stay. */
export async function deleteCluster(context: Context, input: { uuid: string }): Promise<void> {
  const { app, caller } = context;
  const { uuid } = await findCluster(context, input.uuid);
  const requests: string[] = [];
  await app.scheduler.retire(uuid, async () => {
    await app.db.transaction(async (tx) => {
      const [row] = await tx
        .update(clusters)
        .set({ deleted_at: sql`now()` })
        .where(and(eq(clusters.uuid, uuid), visibleTo(caller, clusters)))
        .returning();
      if (row === undefined) throw clusterNotFound(input.uuid);
      const ofCluster = tx.select({ uuid: tasks.uuid }).from(tasks).where(eq(tasks.cluster_uuid, uuid));
      await tx.delete(notifications).where(inArray(notifications.task_uuid, ofCluster));
      // Without the plans: those of all tasks together may not fit into memory.
      const removed = await tx
        .delete(tasks)
        .where(eq(tasks.cluster_uuid, uuid))
        .returning({ task: tasks.uuid, state: tasks.state, kind: sql<string>`${tasks.plan} ->> 'kind'` });
      const ended = removed.map(({ state }) => state).filter((state) => state !== "queued" && state !== "active");
      app.metrics.endedTasks.changed(tx, ended, -1);
      const unfinished = removed.filter(({ state }) => state === "queued" || state === "active").slice(0, TOLD_MAX);
      const told = unfinished.map(({ task }) => taskDeletedEvent({ uuid: task, cluster_uuid: uuid }, row));
      app.events.publishWith(tx, ...told, clusterEvent("deleted", row));
      for (const { task, kind } of removed) {
        if (kind === "request" && (await discardResultRow(app, tx, task))) requests.push(task);
      }
    });
  });
  app.directScores.forget(uuid);
  for (const task of requests) await removeResultFile(app.storage, task);
}
