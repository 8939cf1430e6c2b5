import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { and, eq, isNull, or } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { datasets, tempfiles } from "../db/schema/index.ts";
import { datasetPath, tempfilePath } from "./paths.ts";
import { removeUpload, uploadTarget } from "./sweep-tempfiles.ts";

/**
 * Puts files and rows in order after the server ended in whatever way; call it before the server takes requests.
 * Files that no row knows go, whether half written or never recorded; uploads that lost a file go; the others get
 * their full time again, because nobody could go on with them while the server was away.
 */
export async function recoverDatasets(app: Pick<App, "db" | "storage" | "uploads" | "log">): Promise<void> {
  const now = new Date();
  const uploads = await app.db
    .select({ uuid: tempfiles.uuid, target: uploadTarget, file_size: tempfiles.file_size })
    .from(tempfiles)
    .where(isNull(tempfiles.deleted_at));
  const lost = new Set<string>();
  for (const { uuid, target, file_size } of uploads) {
    const size = await stat(tempfilePath(app.storage, uuid)).then(
      (file) => file.size,
      () => -1,
    );
    if (size !== file_size) lost.add(target);
  }
  for (const target of lost) {
    app.log.error({ target }, "an upload lost its temporary file and is removed");
    await removeUpload(app, target, now);
  }
  await app.db.update(tempfiles).set({ touched_at: now }).where(isNull(tempfiles.deleted_at));

  const kept = uploads.filter(({ target }) => !lost.has(target));
  await removeOthers(app, app.storage.tempfiles, new Set(kept.map(({ uuid }) => uuid)));

  // An upload has no file in the dataset folder before it is ready: what lies there was not recorded any more.
  const live = await app.db
    .select({ uuid: datasets.uuid, state: datasets.state, file_size: datasets.file_size })
    .from(datasets)
    .where(and(isNull(datasets.deleted_at), or(eq(datasets.state, "ready"), eq(datasets.type, "result"))));
  await removeOthers(app, app.storage.datasets, new Set(live.map(({ uuid }) => uuid)));

  // Of datasets that are older than the column.
  for (const { uuid, state, file_size } of live) {
    if (state !== "ready" || file_size !== null) continue;
    const file = await stat(datasetPath(app.storage, uuid)).catch(() => undefined);
    await app.db
      .update(datasets)
      .set({ file_size: file?.size ?? 0 })
      .where(eq(datasets.uuid, uuid));
  }
}

async function removeOthers(app: Pick<App, "log">, folder: string, known: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    if (known.has(name)) continue;
    await rm(join(folder, name), { force: true, recursive: true });
    app.log.info({ file: name }, "removed a left-over file");
  }
}
