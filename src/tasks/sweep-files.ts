import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { and, eq, inArray, isNotNull, isNull } from "drizzle-orm";
import { checkpointPath } from "../checkpoints/checkpoint-path.ts";
import { pinName } from "../clusters/restore-pin.ts";
import type { Db } from "../db/client.ts";
import { checkpoints, clusters, tasks } from "../db/schema/index.ts";
import type { Storage } from "../storage.ts";

/** Removes snapshots, pins and checkpoints that no row knows: what was being written when the server was killed. */
export async function sweepFiles({ db, storage }: { db: Db; storage: Storage }): Promise<void> {
  const snapshots = await db
    .select({ name: clusters.snapshot })
    .from(clusters)
    .where(and(isNull(clusters.deleted_at), isNotNull(clusters.snapshot)));
  const restores = await db
    .select({ taskUuid: tasks.uuid, clusterUuid: tasks.cluster_uuid })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(and(isNull(clusters.deleted_at), inArray(tasks.state, ["queued", "active"])));
  await keepOnly(storage.clusters, [
    ...snapshots.map(({ name }) => join(storage.clusters, name as string)),
    ...restores.map((pin) => join(storage.clusters, pinName(pin))),
  ]);
  const saved = await db.select({ uuid: checkpoints.uuid }).from(checkpoints).where(isNull(checkpoints.deleted_at));
  await keepOnly(
    storage.checkpoints,
    saved.map(({ uuid }) => checkpointPath(storage, uuid)),
  );
}

async function keepOnly(folder: string, paths: string[]): Promise<void> {
  const known = new Set(paths);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && !known.has(path)) await rm(path, { force: true });
  }
}
