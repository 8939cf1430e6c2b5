import { rm } from "node:fs/promises";
import { join } from "node:path";
import { linkDurably } from "../files/durable-file.ts";
import type { Storage } from "../files/storage.ts";

export interface Pin {
  clusterUuid: string;
  taskUuid: string;
}

/**
 * Path under which a restore task keeps a checkpoint's bytes, so that the checkpoint can be deleted meanwhile, and a
 * training the best network so far.
 */
export function pinPath(storage: Storage, { clusterUuid, taskUuid }: Pin): string {
  return join(storage.clusters, pinName({ clusterUuid, taskUuid }));
}

export function pinName({ clusterUuid, taskUuid }: Pin): string {
  return `${clusterUuid}.restore.${taskUuid}`;
}

/** Keeps a checkpoint's file for a restore task. Rejects with ENOENT when the checkpoint has just been deleted. */
export async function pinCheckpoint(storage: Storage, checkpoint: string, pin: Pin): Promise<void> {
  await linkDurably(checkpoint, pinPath(storage, pin));
}

export async function unpinCheckpoint(storage: Storage, pin: Pin): Promise<void> {
  await rm(pinPath(storage, pin), { force: true });
}
