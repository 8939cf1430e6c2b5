import { uploadTarget, datasets, tempfiles } from "../db/schema/index.ts";
import { and, eq, isNull, sql } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { removeUploadedFiles } from "./finalize-upload.ts";

/**
 * Removes uploads that nobody has touched for the configured time, files and dataset together; call it about once a
 * minute. An attached socket, and a finalize that runs, keep an upload. Resolves to the datasets and checkpoints that
 * would have come of them.
 */
export async function sweepUploads(app: App, now: Date): Promise<string[]> {
  const cutoff = new Date(now.getTime() - app.config.tempfileTimeoutMinutes * 60_000);
  const candidates = await app.db
    .select({ target: uploadTarget })
    .from(tempfiles)
    .where(isNull(tempfiles.deleted_at))
    .groupBy(uploadTarget)
    // As text, because a raw parameter has no column that tells the drivers its type.
    .having(sql`max(${tempfiles.touched_at}) < ${cutoff.toISOString()}::timestamptz`);
  const swept: string[] = [];
  for (const { target } of candidates) {
    if (app.uploads.isBusy(target)) continue;
    await removeUpload(app, target, now);
    swept.push(target);
  }
  return swept;
}

/** Ends an upload that can not or shall not be finished. */
export async function removeUpload(
  app: Pick<App, "db" | "storage" | "uploads">,
  target: string,
  now: Date,
): Promise<void> {
  const files = await app.db.transaction(async (tx) => {
    await tx
      .update(datasets)
      .set({ deleted_at: now })
      .where(and(eq(datasets.uuid, target), eq(datasets.state, "uploading"), isNull(datasets.deleted_at)));
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
