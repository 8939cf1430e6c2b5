import { rm } from "node:fs/promises";
import { join } from "node:path";
import { linkDurably } from "../files/durable-file.ts";
import type { Storage } from "../files/storage.ts";

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

export async function unpinCheckpoint(storage: Storage, pin: Pin): Promise<void> {
  await rm(pinPath(storage, pin), { force: true });
}
