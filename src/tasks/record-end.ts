import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { tasks } from "../db/schema/index.ts";
import type { Metrics } from "../metrics/metrics.ts";

export interface TaskEnd {
  state: "finished" | "aborted" | "failed";
  cycle: number;
  errorMessage?: string;
}

/**
 * Records the end of an active task in the transaction `tx`; for clients an aborted task has no end time, as in the
 * contract. False when the task is no longer active.
 */
export async function recordEnd({ endedTasks }: Metrics, tx: Db, taskUuid: string, end: TaskEnd): Promise<boolean> {
  const rows = await tx
    .update(tasks)
    .set({
      state: end.state,
      current_cycle: end.cycle,
      error_message: end.errorMessage ?? null,
      [end.state === "aborted" ? "aborted_at" : "ended_at"]: sql`now()`,
    })
    .where(and(eq(tasks.uuid, taskUuid), eq(tasks.state, "active")))
    .returning({ state: tasks.state });
  const states = rows.map(({ state }) => state);
  endedTasks.changed(tx, states, 1);
  return rows.length > 0;
}
