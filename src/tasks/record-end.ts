import { randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { onOutcome } from "../db/commit-listeners.ts";
import { notifications, tasks, type TaskOutcome } from "../db/schema/index.ts";
import type { EventOwner } from "../events/event.ts";
import type { Events } from "../events/events.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { taskViewColumns } from "./get-task.ts";
import type { Notifier } from "./notifier.ts";
import type { TaskChanges, TaskId } from "./task-changes.ts";
import { taskEvent, tellLastNews } from "./task-events.ts";

export interface TaskEnd {
  state: "finished" | "aborted" | "failed";
  cycle: number;
  /** Of a training that ended before its last epoch; otherwise unchanged. */
  total?: number;
  errorMessage?: string;
  outcome?: TaskOutcome;
  /** The curve of a training, where the database has not got it as it is. */
  curve?: string;
}

/** Those who are told about the end of a task as soon as it is committed. */
interface Told {
  metrics: Metrics;
  changes: Pick<TaskChanges, "changed">;
  webhooks: Notifier;
  events: Events;
}

/** A task, and the owner of its cluster. */
interface EndingTask {
  task: TaskId;
  owner: EventOwner;
}

/**
 * Records the end of an active task in the transaction `tx`, and that its `notify_url` is to be told. For clients an
 * aborted task has no end time, as in the contract. False when the task is no longer active.
 */
export async function recordEnd(
  { metrics, changes, webhooks, events }: Told,
  tx: Db,
  { task, owner }: EndingTask,
  end: TaskEnd,
): Promise<boolean> {
  const rows = await tx
    .update(tasks)
    .set({
      state: end.state,
      current_cycle: end.cycle,
      ...(end.total !== undefined && { total_number_of_cycles: end.total }),
      error_message: end.errorMessage ?? null,
      ...(end.outcome !== undefined && { outcome: end.outcome }),
      ...(end.curve !== undefined && { metrics: end.curve }),
      [end.state === "aborted" ? "aborted_at" : "ended_at"]: sql`now()`,
    })
    .where(and(eq(tasks.uuid, task.uuid), eq(tasks.state, "active")))
    .returning(taskViewColumns);
  const states = rows.map(({ state }) => state);
  metrics.endedTasks.changed(tx, states, 1);
  const [ended] = rows;
  if (ended === undefined) return false;
  const { project_id: projectId } = ended;
  const isNotified = ended.notify_url !== null;
  if (isNotified) {
    await tx.insert(notifications).values({ task_uuid: task.uuid, delivery_uuid: randomUUID(), project_id: projectId });
  }
  // Clients that wait are told before the clean-up that follows. After a lost answer they look for themselves.
  onOutcome(tx, (outcome) => {
    if (outcome === "undone") return;
    changes.changed(task);
    if (isNotified) webhooks.wake(projectId, { isInDoubt: outcome === "unknown" });
    if (outcome === "committed") tellLastNews({ events }, task);
  });
  events.publishWith(tx, taskEvent(ended, owner));
  return true;
}
