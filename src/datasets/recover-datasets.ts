import { stat } from "node:fs/promises";
import { and, eq, isNull, or } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { datasets } from "../db/schema/index.ts";
import { keepOnly } from "../files/keep-only.ts";
import { datasetPath } from "../files/storage.ts";

/**
 * Removes dataset files without a row, whether partial or unrecorded, after any end of the server; call it before the
 * server takes requests.
 */
export async function recoverDatasets({ db, storage, log }: Pick<App, "db" | "storage" | "log">): Promise<void> {
  // An upload gets its file in the dataset folder only when it becomes ready; an earlier file was never recorded.
  const live = await db
    .select({ uuid: datasets.uuid, state: datasets.state, file_size: datasets.file_size })
    .from(datasets)
    .where(and(isNull(datasets.deleted_at), or(eq(datasets.state, "ready"), eq(datasets.type, "result"))));
  await keepOnly(
    storage.datasets,
    live.map(({ uuid }) => uuid),
    log,
  );

  // Datasets older than the `file_size` column have no size yet.
  for (const { uuid, state, file_size } of live) {
    if (state !== "ready" || file_size !== null) continue;
    const file = await stat(datasetPath(storage, uuid)).catch(() => undefined);
    await db
      .update(datasets)
      .set({ file_size: file?.size ?? 0 })
      .where(eq(datasets.uuid, uuid));
  }
}
