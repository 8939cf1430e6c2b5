import { rm } from "node:fs/promises";
import { and, eq, sql } from "drizzle-orm";
import { datasetPath } from "../datasets/paths.ts";
import type { Db } from "../db/client.ts";
import { datasets } from "../db/schema/index.ts";
import type { Storage } from "../storage.ts";

/** Removes the announced result dataset of a request task that will never fill it. One that has rows stays. */
export async function discardResult({ db, storage }: { db: Db; storage: Storage }, taskUuid: string): Promise<void> {
  const rows = await db
    .update(datasets)
    .set({ deleted_at: sql`now()` })
    .where(and(eq(datasets.uuid, taskUuid), eq(datasets.type, "result"), eq(datasets.state, "uploading")))
    .returning({ uuid: datasets.uuid });
  if (rows.length > 0) await rm(datasetPath(storage, taskUuid), { force: true });
}
