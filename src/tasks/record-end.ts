import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { tasks } from "../db/schema/index.ts";

export interface TaskEnd {
  state: "finished" | "aborted" | "failed";
  cycle: number;
  errorMessage?: string;
}

/**
 * Writes how an active task ended; an aborted one shows no end time, as the contract wants it. False when there is no
 * such active task any more.
 */
export async function recordEnd(db: Db, taskUuid: string, end: TaskEnd): Promise<boolean> {
  const rows = await db
    .update(tasks)
    .set({
      state: end.state,
      current_cycle: end.cycle,
      error_message: end.errorMessage ?? null,
      ended_at: end.state === "aborted" ? null : sql`now()`,
    })
    .where(and(eq(tasks.uuid, taskUuid), eq(tasks.state, "active")))
    .returning({ uuid: tasks.uuid });
  return rows.length > 0;
}
