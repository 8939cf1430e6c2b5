import { randomUUID } from "node:crypto";
import type { Context } from "../app-context.ts";
import { checkpointPath } from "../files/storage.ts";
import { checkpointNotFound, findCheckpoint } from "../checkpoints/find-checkpoint.ts";
import { readOrigin } from "../checkpoints/read-origin.ts";
import { insertTask } from "./insert-task.ts";
import type { TaskRow } from "../db/rows.ts";
import { clusterNotFound } from "../clusters/cluster-row.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import { type Pin, pinCheckpoint, pinPath, unpinCheckpoint } from "../clusters/restore-pin.ts";
import { isInDoubt } from "../server/outage.ts";
import { isMissing } from "../files/is-missing.ts";

/**
 * Queues a task that replaces the cluster's network by a checkpoint. The task keeps the checkpoint's data: the
 * checkpoint can be deleted as soon as this returns.
 */
export async function createRestoreTask(
  context: Context,
  input: { cluster_uuid: string; checkpoint_uuid: string; notify_url?: string | undefined },
): Promise<TaskRow> {
  const { storage } = context.app;
  const cluster = await findCluster(context, input.cluster_uuid);
  const checkpoint = await findCheckpoint(context, input.checkpoint_uuid);
  const pin = { clusterUuid: cluster.uuid, taskUuid: randomUUID() };
  try {
    await pinCheckpoint(storage, checkpointPath(storage, checkpoint.uuid), pin);
  } catch (error) {
    if (isMissing(error)) throw checkpointNotFound(input.checkpoint_uuid);
    throw error;
  }
  try {
    const { template } = await readPin(context, pin, input.cluster_uuid);
    return await insertTask(context, {
      uuid: pin.taskUuid,
      clusterUuid: input.cluster_uuid,
      name: "",
      notifyUrl: input.notify_url,
      plan: { kind: "restore", checkpoint_uuid: checkpoint.uuid, template },
      cycles: 1,
    });
  } catch (error) {
    if (!isInDoubt(error)) await unpinCheckpoint(storage, pin);
    throw error;
  }
}

async function readPin({ app }: Context, pin: Pin, cluster: string): Promise<{ template: string }> {
  try {
    return await readOrigin(pinPath(app.storage, pin));
  } catch (error) {
    // The cluster has just been deleted, together with its files.
    if (isMissing(error)) throw clusterNotFound(cluster);
    throw error;
  }
}
