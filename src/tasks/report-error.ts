import { writeErrorLog } from "../logs/write-error-log.ts";
import type { TaskResources } from "./running-task.ts";

/** Writes a scheduler error to the error log of the administrators. Never rejects. */
export async function reportError(
  resources: TaskResources,
  error: unknown,
  { context, userId = "" }: { context: string; userId?: string },
): Promise<void> {
  await writeErrorLog(resources, { userId, component: "scheduler", context, values: new Map(), error });
}
