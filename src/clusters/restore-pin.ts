import { constants } from "node:fs";
import { copyFile, link, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../datasets/file/writer.ts";
import type { Storage } from "../storage.ts";
import { isMissing } from "../is-missing.ts";

export interface Pin {
  clusterUuid: string;
  taskUuid: string;
}

/** The bytes of a checkpoint under a name of the restore task's own, so that the checkpoint may be deleted meanwhile. */
export function pinPath(storage: Storage, { clusterUuid, taskUuid }: Pin): string {
  return join(storage.clusters, pinName({ clusterUuid, taskUuid }));
}

export function pinName({ clusterUuid, taskUuid }: Pin): string {
  return `${clusterUuid}.restore.${taskUuid}`;
}

/** Keeps the file of a checkpoint for a restore task. Rejects with ENOENT when it has just been deleted. */
export async function pinCheckpoint(storage: Storage, checkpoint: string, pin: Pin): Promise<void> {
  await linkDurably(checkpoint, pinPath(storage, pin));
}

/** The same bytes under another name, which stay when either name goes. Rejects with ENOENT when there are none. */
export async function linkDurably(source: string, path: string): Promise<void> {
  try {
    await link(source, path);
  } catch (error) {
    if (isMissing(error)) throw error;
    // Not every file system has links.
    await copyFile(source, path, constants.COPYFILE_FICLONE);
    const file = await open(path, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await syncFolder(dirname(path));
}

export async function unpinCheckpoint(storage: Storage, pin: Pin): Promise<void> {
  await rm(pinPath(storage, pin), { force: true });
}
