import { z } from "zod";
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
