import { randomUUID } from "node:crypto";
import { lockAssignment } from "../accounts/lock-assignment.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { lockCluster } from "../clusters/find-cluster.ts";
import { tasks, type TaskPlan } from "../db/schema/index.ts";
import { createResultDataset } from "../datasets/result-dataset.ts";
import { checkRoom } from "../limits/check-room.ts";
import type { TaskRow } from "../db/rows.ts";

/**
 * Queues a complete task; a request's result dataset appears with it. Throws 404 when the cluster does not exist for
 * the caller (any more), and then leaves nothing behind.
 */
export async function insertTask(
  context: Context,
  task: { uuid?: string; clusterUuid: string; name: string; plan: TaskPlan; cycles: number },
): Promise<TaskRow> {
  const { app, caller } = context;
  const { plan, name } = task;
  const row = await app.db.transaction(async (tx) => {
    await lockAssignment(tx, caller);
    const cluster = await lockCluster(context, tx, task.clusterUuid);
    if (plan.kind === "request") await checkRoom(app, tx, "datasets", caller.projectId);
    if (plan.kind === "save") await checkRoom(app, tx, "checkpoints", caller.projectId);
    await checkRoom(app, tx, "tasks", caller.projectId);
    const [inserted] = await tx
      .insert(tasks)
      .values({
        uuid: task.uuid ?? randomUUID(),
        cluster_uuid: cluster.uuid,
        name,
        plan,
        total_number_of_cycles: task.cycles,
        ...ownedBy(caller),
      })
      .returning();
    const { uuid } = inserted as TaskRow;
    if (plan.kind === "request") {
      // How wide the outputs are is known when the task's turn has come: tasks before it may change that.
      const groups = plan.results.map(({ dataset_column }) => ({ name: dataset_column, width: 0 }));
      await createResultDataset(app, tx, { uuid, name, groups, ...ownedBy(caller) });
    }
    return inserted as TaskRow;
  });
  app.log.info({ task: row.uuid, kind: plan.kind, cluster: row.cluster_uuid, user: caller.userId }, "task queued");
  app.scheduler.wake(row.cluster_uuid);
  return row;
}
