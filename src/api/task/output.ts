import { z } from "zod";
import type { ListedTask, TaskView } from "../../tasks/get-task.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { timestampOutput } from "../fields.ts";

/** Names and values of scores by the name of the output. */
const scores = z.record(z.string(), z.record(z.string(), z.unknown()));

export const taskOutput = z.object({
  uuid: z.string(),
  name: z.string(),
  state: z.enum(["queued", "active", "aborted", "finished", "failed"]),
  current_cycle: z.number(),
  total_number_of_cycles: z.number(),
  /** 0 … 1. */
  percentage_finished: z.number(),
  queue_timestamp: timestampOutput,
  start_timestamp: timestampOutput,
  end_timestamp: timestampOutput,
  /** Only for a failed task. */
  error_message: z.string().optional(),
  /** What the task guessed, left out or changed. */
  warnings: z.array(z.string()),
  /** The following only for a task that has measured something: see `TaskOutcome`. */
  epochs: z.number().optional(),
  reason: z.string().optional(),
  rows: z.number().optional(),
  metrics: scores.optional(),
  baseline: scores.optional(),
});

/** Finished share of a task, 0 … 1. */
export const finishedShare = (task: ListedTask) => task.current_cycle / task.total_number_of_cycles;

export function toTaskBody(task: TaskView): z.input<typeof taskOutput> {
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
