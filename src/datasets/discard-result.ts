import { rm } from "node:fs/promises";
import { and, eq, sql } from "drizzle-orm";
import { datasetPath, type Storage } from "../files/storage.ts";
import type { Db } from "../db/client.ts";
import { datasets } from "../db/schema/index.ts";
import type { Events } from "../events/events.ts";
import { datasetEvent } from "../events/dataset-events.ts";

/**
 * Deletes the row of a request task's result dataset if it has no rows. Call it in the transaction that ends or removes
 * the task, so that no crash can leave an empty dataset, and call `removeResultFile` after it. True when there is a
 * file to remove.
 */
export async function discardResultRow({ events }: { events: Events }, tx: Db, taskUuid: string): Promise<boolean> {
  const rows = await tx
    .update(datasets)
    .set({ deleted_at: sql`now()` })
    .where(and(eq(datasets.uuid, taskUuid), eq(datasets.type, "result"), eq(datasets.state, "uploading")))
    .returning();
  events.publishWith(tx, ...rows.map((row) => datasetEvent("deleted", row)));
  return rows.length > 0;
}

/** After a crash in between, the next start removes the file. */
export async function removeResultFile(storage: Storage, taskUuid: string): Promise<void> {
  await rm(datasetPath(storage, taskUuid), { force: true });
}
