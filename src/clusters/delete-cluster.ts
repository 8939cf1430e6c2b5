import { and, eq, inArray, sql } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { clusters, notifications, tasks } from "../db/schema/index.ts";
import { discardResultRow, removeResultFile } from "../datasets/discard-result.ts";
import { clusterNotFound } from "./cluster-row.ts";
import { findCluster } from "./find-cluster.ts";

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
        .returning({ uuid: clusters.uuid });
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
      for (const { task, kind } of removed) {
        if (kind === "request" && (await discardResultRow(tx, task))) requests.push(task);
      }
    });
  });
  for (const task of requests) await removeResultFile(app.storage, task);
}
