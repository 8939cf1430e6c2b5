import { randomUUID } from "node:crypto";
import { lockAssignment } from "../accounts/lock-assignment.ts";
import { ownedBy } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { lockCluster } from "../clusters/find-cluster.ts";
import { taskColumns, tasks, type TaskPlan } from "../db/schema/index.ts";
import { createResultDataset } from "../datasets/result-dataset.ts";
import { checkRoom } from "../limits/check-room.ts";
import type { TaskRow } from "../db/rows.ts";
import { datasetEvent } from "../events/dataset-events.ts";
import { boundedWarnings } from "../clusters/bounded-warnings.ts";
import { checkNotifyUrl } from "./check-notify-url.ts";
import { taskEvent } from "./task-events.ts";

export interface NewTask {
  uuid?: string;
  clusterUuid: string;
  name: string;
  plan: TaskPlan;
  cycles: number;
  warnings?: string[];
  /** Where the end of the task is posted. */
  notifyUrl: string | undefined;
}

/**
 * Queues a complete task, together with the result dataset of a request. Throws 404 when the caller cannot see the
 * cluster (any more), and 400 for a URL to which the server posts nothing; nothing is left then.
 */
export async function insertTask(context: Context, task: NewTask): Promise<TaskRow> {
  const { app, caller } = context;
  const { plan, name, notifyUrl } = task;
  if (notifyUrl !== undefined) checkNotifyUrl(app.config.webhooks.urls, notifyUrl);
  const row = await app.db.transaction(async (tx) => {
    await lockAssignment(tx, caller);
    const cluster = await lockCluster(context, tx, task.clusterUuid);
    if (plan.kind === "request") await checkRoom(app, tx, "datasets", caller.projectId);
    if (plan.kind === "save") await checkRoom(app, tx, "checkpoints", caller.projectId);
    await checkRoom(app, tx, "tasks", caller.projectId);
    if (notifyUrl !== undefined) await checkRoom(app, tx, "notifications", caller.projectId);
    const [inserted] = await tx
      .insert(tasks)
      .values({
        uuid: task.uuid ?? randomUUID(),
        cluster_uuid: cluster.uuid,
        name,
        plan,
        total_number_of_cycles: task.cycles,
        warnings: boundedWarnings(task.warnings ?? []),
        notify_url: notifyUrl ?? null,
        ...ownedBy(caller),
      })
      .returning(taskColumns);
    const { uuid } = inserted as TaskRow;
    app.events.publishWith(tx, taskEvent(inserted as TaskRow, cluster));
    if (plan.kind === "request") {
      // The widths of the outputs are known only when the task starts: earlier tasks may change them.
      const groups = plan.results.map(({ dataset_column }) => ({ name: dataset_column, width: 0 }));
      const result = { uuid, name, ...ownedBy(caller) };
      await createResultDataset(app, tx, { ...result, groups });
      app.events.publishWith(tx, datasetEvent("created", { ...result, type: "result", state: "uploading" }));
    }
    return inserted as TaskRow;
  });
  app.log.info({ task: row.uuid, kind: plan.kind, cluster: row.cluster_uuid, user: caller.userId }, "task queued");
  app.scheduler.wake(row.cluster_uuid);
  return row;
}
