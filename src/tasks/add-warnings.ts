import { boundedWarnings } from "../clusters/bounded-warnings.ts";
import { eq } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { tasks } from "../db/schema/index.ts";

/** Adds sentences to the warnings of a task, see `boundedWarnings`. A task that is deleted meanwhile has none. */
export async function addWarnings(db: Db, taskUuid: string, sentences: readonly string[]): Promise<void> {
  if (sentences.length === 0) return;
  await db.transaction(async (tx) => {
    const isTask = eq(tasks.uuid, taskUuid);
    const [task] = await tx.select({ warnings: tasks.warnings }).from(tasks).where(isTask).for("update");
    if (task === undefined) return;
    await tx
      .update(tasks)
      .set({ warnings: boundedWarnings([...task.warnings, ...sentences]) })
      .where(isTask);
  });
}
