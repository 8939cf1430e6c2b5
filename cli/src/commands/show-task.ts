import type { Command } from "commander";
import type { Task } from "hanami-sdk";
import { addCommand } from "../command.ts";
import type { Printer } from "../output/printer.ts";
import { printable } from "../output/printable.ts";
import { scoresText } from "../output/scores-text.ts";
import { objectTable } from "../output/views.ts";

const FIELDS = [
  "uuid",
  "state",
  "current_cycle",
  "total_number_of_cycles",
  "queue_timestamp",
  "start_timestamp",
  "end_timestamp",
];
/** Present only in failed tasks, and in those that notify somebody or have measured something. */
const EXTRA_FIELDS = ["error_message", "notify_url", "epochs", "reason", "rows", "metrics", "baseline"];

/** Adds a command that concerns a task, or the tasks, of one cluster. */
export function addTaskCommand(group: Command, usage: string, description: string): Command {
  return addCommand(group, usage, description).requiredOption("-c, --cluster <CLUSTER_UUID>", "the task's cluster");
}

/** Prints a task, and its warnings on standard error; `-j` also includes them in the task. */
export function showTask(print: Printer, task: Task): void {
  const { metrics, baseline } = task;
  const texts = { metrics: metrics && scoresText(metrics), baseline: baseline && scoresText(baseline) };
  print.custom(task, () => objectTable({ ...task, ...texts }, FIELDS, EXTRA_FIELDS));
  showWarnings(task);
}

export function showWarnings({ warnings = [] }: Task): void {
  for (const warning of warnings) process.stderr.write(`warning: ${printable(warning)}\n`);
}
