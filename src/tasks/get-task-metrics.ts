import type { Context } from "../app-context.ts";
import { Curve } from "./curve/curve.ts";
import { keptCurve } from "./curve/keep-curve.ts";
import { getTask, type TaskKey, type TaskView } from "./get-task.ts";

/**
 * A task with its curve: of one that runs as it is now; undefined for one without. Throws 404 for an unknown cluster or
 * task.
 */
export async function getTaskMetrics(
  context: Context,
  key: TaskKey,
): Promise<{ task: TaskView; curve: Curve | undefined }> {
  const { app } = context;
  const task = await getTask(context, key);
  const live = task.state === "active" ? app.scheduler.curve(task.cluster_uuid, task.uuid) : null;
  // A copy, which stays as it is while it is sent.
  const curve = live === null ? await keptCurve(app.db, task.uuid) : new Curve(live.facts, live.start, live);
  return { task, curve };
}
