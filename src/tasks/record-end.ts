import { randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { onOutcome } from "../db/commit-listeners.ts";
import type { TaskRow } from "../db/rows.ts";
import { notifications, tasks, type TaskOutcome } from "../db/schema/index.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { TaskChanges } from "./task-changes.ts";

export interface TaskEnd {
  state: "finished" | "aborted" | "failed";
  cycle: number;
  errorMessage?: string;
  outcome?: TaskOutcome;
}

/** Delivers the notifications of tasks that have ended. */
export interface Notifier {
  /** There is a new one in this project; `isInDoubt`: there may be one, now or within a minute. */
  wake(projectId: string, options?: { isInDoubt: boolean }): void;
}

/** Those who are told about the end of a task as soon as it is committed. */
interface Told {
  metrics: Metrics;
  changes: Pick<TaskChanges, "changed">;
  webhooks: Notifier;
}

/**
 * Records the end of an active task in the transaction `tx`, and that its `notify_url` is to be told. For clients an
 * aborted task has no end time, as in the contract. False when the task is no longer active.
 */
export async function recordEnd(
  { metrics, changes, webhooks }: Told,
  tx: Db,
  task: Pick<TaskRow, "uuid" | "cluster_uuid">,
  end: TaskEnd,
): Promise<boolean> {
  const rows = await tx
    .update(tasks)
    .set({
      state: end.state,
      current_cycle: end.cycle,
      error_message: end.errorMessage ?? null,
      ...(end.outcome !== undefined && { outcome: end.outcome }),
      [end.state === "aborted" ? "aborted_at" : "ended_at"]: sql`now()`,
    })
    .where(and(eq(tasks.uuid, task.uuid), eq(tasks.state, "active")))
    .returning({ state: tasks.state, projectId: tasks.project_id, notifyUrl: tasks.notify_url });
  const states = rows.map(({ state }) => state);
  metrics.endedTasks.changed(tx, states, 1);
  const [row] = rows;
  if (row === undefined) return false;
  const { projectId } = row;
  const isNotified = row.notifyUrl !== null;
  if (isNotified) {
    await tx.insert(notifications).values({ task_uuid: task.uuid, delivery_uuid: randomUUID(), project_id: projectId });
  }
  // Clients that wait are told before the clean-up that follows. After a lost answer they look for themselves.
  onOutcome(tx, (outcome) => {
    if (outcome === "undone") return;
    changes.changed(task);
    if (isNotified) webhooks.wake(projectId, { isInDoubt: outcome === "unknown" });
  });
  return true;
}
