/** The events of tasks. Who sees a cluster sees its tasks, so their owner is that of the cluster. */
import type { EventOwner, NewEvent } from "../events/event.ts";
import type { TaskView } from "./get-task.ts";
import type { RunningTask, TaskResources } from "./running-task.ts";
import { finishedShare, toTaskBody } from "./task-body.ts";
import type { TaskId } from "./task-changes.ts";

const PROGRESS_MS = 500;

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

export function taskDeletedEvent({ uuid, cluster_uuid }: TaskId, owner: EventOwner): NewEvent {
  return { kind: "task.deleted", data: { uuid, cluster_uuid }, ...aboutTask({ uuid, cluster_uuid }, owner) };
}

export const progressKey = ({ uuid }: Pick<TaskId, "uuid">) => `progress of ${uuid}`;

/** Tells how far a running task is, not more often than clients need it. */
export function tellProgress(
  { events }: Pick<TaskResources, "events">,
  { task, owner, cycle }: Pick<RunningTask, "task" | "owner" | "cycle">,
): void {
  const { uuid, cluster_uuid, total_number_of_cycles } = task;
  events.publishPaced(progressKey(task), PROGRESS_MS, () => {
    const progress = { current_cycle: cycle, total_number_of_cycles };
    const data = { uuid, cluster_uuid, ...progress, percentage_finished: finishedShare(progress) };
    return { kind: "task.progress", data, ...aboutTask(task, owner) };
  });
}
