import { and, eq, ne } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import { unpinCheckpoint } from "../clusters/restore-pin.ts";
import { notifications, taskColumns, tasks } from "../db/schema/index.ts";
import { discardResultRow, removeResultFile } from "../datasets/discard-result.ts";
import { type TaskKey, taskNotFound } from "./get-task.ts";
import { recordEnd } from "./record-end.ts";
import { taskDeletedEvent } from "../clusters/cluster-events.ts";

/**
 * Deletes a task. A running task is aborted instead, after its current slice, and keeps its progress. Throws 404 for an
 * unknown cluster or task.
 */
export async function deleteTask(context: Context, key: TaskKey): Promise<void> {
  const { app } = context;
  const cluster = await findCluster(context, key.cluster_uuid);
  const isTask = and(eq(tasks.uuid, key.uuid), eq(tasks.cluster_uuid, cluster.uuid));

  const { removed, hasFile } = await app.db.transaction(async (tx) => {
    const [row] = await tx
      .delete(tasks)
      .where(and(isTask, ne(tasks.state, "active")))
      .returning(taskColumns);
    if (row !== undefined && row.state !== "queued") app.metrics.endedTasks.changed(tx, [row.state], -1);
    if (row !== undefined) {
      await tx.delete(notifications).where(eq(notifications.task_uuid, row.uuid));
      app.events.publishWith(tx, taskDeletedEvent(row, cluster));
    }
    const isQueuedRequest = row?.state === "queued" && row.plan.kind === "request";
    return { removed: row, hasFile: isQueuedRequest && (await discardResultRow(app, tx, row.uuid)) };
  });
  if (removed !== undefined) {
    app.scheduler.changed(removed);
    if (removed.state !== "queued") return;
    const pin = { clusterUuid: cluster.uuid, taskUuid: removed.uuid };
    if (removed.plan.kind === "restore") await unpinCheckpoint(app.storage, pin);
    if (hasFile) await removeResultFile(app.storage, removed.uuid);
    return;
  }

  const [active] = await app.db.select(taskColumns).from(tasks).where(isTask);
  if (active === undefined) throw taskNotFound(key);
  await app.scheduler.abort(cluster.uuid, active.uuid);
  // Still active, but not running: its queue waits for the database or the disk.
  const end = { state: "aborted", cycle: active.current_cycle } as const;
  const told = { metrics: app.metrics, changes: app.scheduler, webhooks: app.webhooks, events: app.events };
  const isEnded = await app.db.transaction((tx) => recordEnd(told, tx, { task: active, owner: cluster }, end));
  // Or its queue had claimed the task but not started it yet; by now it has.
  if (isEnded) await app.scheduler.abort(cluster.uuid, active.uuid);
  // The best network so far of a training that waited.
  if (active.plan.kind === "train")
    await unpinCheckpoint(app.storage, { clusterUuid: cluster.uuid, taskUuid: key.uuid });
}
