import type { OutputMetrics } from "../db/schema/index.ts";
import type { TaskRow } from "../db/rows.ts";
import { formatTimestamp } from "../server/timestamp.ts";
import type { ListedTask, TaskView } from "./get-task.ts";

/** A task as clients get it, as an answer, with an event, or with a notification. */
export interface TaskBody {
  uuid: string;
  name: string;
  state: TaskRow["state"];
  current_cycle: number;
  total_number_of_cycles: number;
  /** 0 … 1. */
  percentage_finished: number;
  queue_timestamp: string;
  start_timestamp: string;
  end_timestamp: string;
  /** Only for a failed task. */
  error_message?: string;
  /** What the task guessed, left out or changed. */
  warnings: string[];
  /** Only for a task that notifies somebody. */
  notify_url?: string;
  /** The following only for a task that has measured something: see `TaskOutcome`. */
  epochs?: number;
  reason?: string;
  rows?: number;
  metrics?: Record<string, OutputMetrics>;
  baseline?: Record<string, OutputMetrics>;
}

/** Finished share of a task, 0 … 1. */
export const finishedShare = (task: Pick<ListedTask, "current_cycle" | "total_number_of_cycles">) =>
  task.current_cycle / task.total_number_of_cycles;

export function toTaskBody(task: TaskView): TaskBody {
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
    ...(task.notify_url === null ? {} : { notify_url: task.notify_url }),
    ...outcome,
  };
}
