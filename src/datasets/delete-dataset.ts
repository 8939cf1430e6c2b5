import { rm } from "node:fs/promises";
import { and, eq, isNull } from "drizzle-orm";
import { visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { datasets, tempfiles } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";
import { datasetPath } from "../files/storage.ts";
import { datasetEvent } from "../events/dataset-events.ts";
import { removeUploadedFiles } from "../uploads/finalize-upload.ts";

/**
 * Deletes a dataset, finished or not, with its files. Running tasks keep their open files; tasks that start later fail
 * with a message.
 */
export async function deleteDataset({ app, caller }: Context, { uuid }: { uuid: string }): Promise<void> {
  const now = new Date();
  const removed = await app.db.transaction(async (tx) => {
    const [row] = await tx
      .update(datasets)
      .set({ deleted_at: now })
      .where(and(eq(datasets.uuid, uuid), visibleTo(caller, datasets)))
      .returning();
    if (row === undefined) throw notFound(`Data-set with uuid '${uuid}' not found`);
    app.events.publishWith(tx, datasetEvent("deleted", row));
    const files = await tx
      .update(tempfiles)
      .set({ deleted_at: now })
      .where(and(eq(tempfiles.dataset_uuid, row.uuid), isNull(tempfiles.deleted_at)))
      .returning({ uuid: tempfiles.uuid });
    return { dataset: row.uuid, tempfiles: files.map((file) => file.uuid) };
  });
  await removeUploadedFiles(app, removed.tempfiles);
  await rm(datasetPath(app.storage, removed.dataset), { force: true });
}
