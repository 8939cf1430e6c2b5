import { formatTimestamp } from "../server/timestamp.ts";
import type { ListedTask, TaskView } from "./get-task.ts";

/** Finished share of a task, 0 … 1. */
export const finishedShare = (task: Pick<ListedTask, "current_cycle" | "total_number_of_cycles">) =>
  task.current_cycle / task.total_number_of_cycles;

/** A task as clients get it, as an answer or with an event. */
export function toTaskBody(task: TaskView) {
  const { uuid, name, state, current_cycle, total_number_of_cycles } = task;
  const { best: _best, ...outcome } = task.outcome ?? {};
  return {
    uuid,
    name,
    state,
    current_cycle,
    total_number_of_cycles,
    percentage_finished: finishedShare(task),
    queue_timestamp: formatTimestamp(task.queued_at),
    start_timestamp: formatTimestamp(task.started_at),
    end_timestamp: formatTimestamp(task.ended_at),
    ...(task.error_message === null ? {} : { error_message: task.error_message }),
    warnings: task.warnings,
    ...outcome,
  };
}
