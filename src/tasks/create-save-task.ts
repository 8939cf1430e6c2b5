import type { Context } from "../app-context.ts";
import { insertTask } from "./insert-task.ts";
import type { TaskRow } from "../db/rows.ts";

/** Queues a task that writes a checkpoint with the task's uuid. */
export async function createSaveTask(
  context: Context,
  input: { cluster_uuid: string; name: string; notify_url?: string | undefined },
): Promise<TaskRow> {
  return insertTask(context, {
    clusterUuid: input.cluster_uuid,
    name: input.name,
    notifyUrl: input.notify_url,
    plan: { kind: "save" },
    cycles: 1,
  });
}
