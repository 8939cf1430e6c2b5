import { uploadTarget, datasets, tempfiles } from "../db/schema/index.ts";
import { and, eq, isNull, sql } from "drizzle-orm";
import { datasetEvent } from "../events/dataset-events.ts";
import type { App } from "../app-context.ts";
import { removeUploadedFiles } from "./finalize-upload.ts";

/**
 * Removes uploads that were idle for the configured time, with their files and datasets; call it about once a minute.
 * Uploads with an attached socket or a running finalize stay. Resolves to the uuids of the datasets and checkpoints
 * that the removed uploads were for.
 */
export async function sweepUploads(app: App, now: Date): Promise<string[]> {
  const cutoff = new Date(now.getTime() - app.config.tempfileTimeoutMinutes * 60_000);
  const candidates = await app.db
    .select({ target: uploadTarget })
    .from(tempfiles)
    .where(isNull(tempfiles.deleted_at))
    .groupBy(uploadTarget)
    // As text, because the drivers cannot infer the type of a raw parameter.
    .having(sql`max(${tempfiles.touched_at}) < ${cutoff.toISOString()}::timestamptz`);
  const swept: string[] = [];
  for (const { target } of candidates) {
    if (app.uploads.isBusy(target)) continue;
    await removeUpload(app, target, now);
    swept.push(target);
  }
  return swept;
}

/** Removes an upload with its files and unfinished dataset. */
export async function removeUpload(
  app: Pick<App, "db" | "storage" | "uploads" | "events">,
  target: string,
  now: Date,
): Promise<void> {
  const files = await app.db.transaction(async (tx) => {
    const removed = await tx
      .update(datasets)
      .set({ deleted_at: now })
      .where(and(eq(datasets.uuid, target), eq(datasets.state, "uploading"), isNull(datasets.deleted_at)))
      .returning();
    app.events.publishWith(tx, ...removed.map((row) => datasetEvent("deleted", row)));
    return tx
      .update(tempfiles)
      .set({ deleted_at: now })
      .where(and(eq(uploadTarget, target), isNull(tempfiles.deleted_at)))
      .returning({ uuid: tempfiles.uuid });
  });
  await removeUploadedFiles(
    app,
    files.map(({ uuid }) => uuid),
  );
}
