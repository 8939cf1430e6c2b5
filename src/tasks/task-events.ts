/** The events of tasks. Who sees a cluster sees its tasks, so their owner is that of the cluster. */
import type { EventOwner, NewEvent } from "../events/event.ts";
import type { TaskView } from "./get-task.ts";
import type { RunningTask, TaskResources } from "./running-task.ts";
import { lastMetricsPoint } from "./curve/metrics-points.ts";
import { finishedShare, toTaskBody } from "./task-body.ts";
import type { TaskId } from "./task-changes.ts";

/** A progress, and a point of a curve, are told at most twice a second. */
const NEWS_MS = 500;

const EVENT_OF_STATE = {
  queued: "task.queued",
  active: "task.active",
  finished: "task.ended",
  aborted: "task.ended",
  failed: "task.ended",
} as const;

const aboutTask = ({ uuid, cluster_uuid }: TaskId, owner: EventOwner) => ({ owner, task: uuid, cluster: cluster_uuid });

/** The task has come into its state. */
export function taskEvent(task: TaskView, owner: EventOwner): NewEvent {
  const { cluster_uuid } = task;
  const data = { ...toTaskBody(task), cluster_uuid };
  return { kind: EVENT_OF_STATE[task.state], data, ...aboutTask(task, owner) };
}

const progressKey = ({ uuid }: Pick<TaskId, "uuid">) => `progress of ${uuid}`;

/** Tells how far a running task is, not more often than clients need it. */
export function tellProgress(
  { events }: Pick<TaskResources, "events">,
  { task, owner, cycle }: Pick<RunningTask, "task" | "owner" | "cycle">,
): void {
  const { uuid, cluster_uuid, total_number_of_cycles } = task;
  events.publishPaced(progressKey(task), NEWS_MS, () => {
    const progress = { current_cycle: cycle, total_number_of_cycles };
    const data = { uuid, cluster_uuid, ...progress, percentage_finished: finishedShare(progress) };
    return { kind: "task.progress", data, ...aboutTask(task, owner) };
  });
}

const pointKey = ({ uuid }: Pick<TaskId, "uuid">) => `point of ${uuid}`;

/** Tells the last point of a training's curve, which is new or has changed. */
export function tellPoint(
  { events }: Pick<TaskResources, "events">,
  active: Pick<RunningTask, "task" | "owner" | "curve">,
): void {
  const { task, owner } = active;
  const { uuid, cluster_uuid, name } = task;
  events.publishPaced(pointKey(task), NEWS_MS, () => {
    const point = active.curve === null ? undefined : lastMetricsPoint(active.curve);
    if (point === undefined) return undefined;
    return { kind: "task.metrics", data: { uuid, cluster_uuid, name, point }, ...aboutTask(task, owner) };
  });
}

/** Tells what is still held back of a task. Call it before its end is told. */
export function tellLastNews({ events }: Pick<TaskResources, "events">, task: Pick<TaskId, "uuid">): void {
  events.flush(pointKey(task));
  events.flush(progressKey(task));
}
