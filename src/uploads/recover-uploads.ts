import { stat } from "node:fs/promises";
import { isNull } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { tempfiles, uploadTarget } from "../db/schema/index.ts";
import { keepOnly } from "../files/keep-only.ts";
import { tempfilePath } from "../files/storage.ts";
import { removeUpload } from "./sweep-uploads.ts";

/**
 * Repairs uploads after any end of the server; call it before the server takes requests. Removes uploads that lost a
 * file, and files without a row. Restarts the timeout of all others, because clients could not continue them while the
 * server was down.
 */
export async function recoverUploads(app: Pick<App, "db" | "storage" | "uploads" | "log" | "events">): Promise<void> {
  const now = new Date();
  const files = await app.db
    .select({ uuid: tempfiles.uuid, target: uploadTarget, file_size: tempfiles.file_size })
    .from(tempfiles)
    .where(isNull(tempfiles.deleted_at));
  const lost = new Set<string>();
  for (const { uuid, target, file_size } of files) {
    const file = await stat(tempfilePath(app.storage, uuid)).catch(() => undefined);
    if (file?.size !== file_size) lost.add(target);
  }
  for (const target of lost) {
    app.log.error({ target }, "an upload lost its temporary file and is removed");
    await removeUpload(app, target, now);
  }
  await app.db.update(tempfiles).set({ touched_at: now }).where(isNull(tempfiles.deleted_at));

  const kept = files.filter(({ target }) => !lost.has(target));
  await keepOnly(
    app.storage.tempfiles,
    kept.map(({ uuid }) => uuid),
    app.log,
  );
}
