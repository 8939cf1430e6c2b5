import { stat } from "node:fs/promises";
import { eq } from "drizzle-orm";
import type { NewNetwork } from "../clusters/attachment.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import { readNetwork } from "../clusters/read-network.ts";
import { pinPath } from "../clusters/restore-pin.ts";
import { clusters } from "../db/schema/index.ts";
import { HostError } from "../hosts/host-errors.ts";
import { HostLosses } from "./host-losses.ts";
import { recordEnd } from "./record-end.ts";
import { TaskError } from "./task-error.ts";
import type { RunContext, RunningTask } from "./running-task.ts";

/** Replaces the cluster's network by the checkpoint that was pinned when the task was created. */
export async function runRestoreTask(context: RunContext, active: RunningTask<"restore">): Promise<void> {
  const { task } = active;
  const path = pinPath(context.storage, { clusterUuid: task.cluster_uuid, taskUuid: task.uuid });
  const { size: bytes } = await stat(path);
  const owner = { group: task.project_id, user: task.owner_uuid ?? task.owner_id };
  const losses = new HostLosses(active);
  for (let over = false; !over;) {
    try {
      await replaceNetwork(context, active, { read: () => readNetwork(path, owner), bytes });
      over = true;
    } catch (error) {
      if (error instanceof HostError && error.kind === "state") {
        throw new TaskError(`The checkpoint can not be restored: ${error.message}`, { cause: error });
      }
      losses.accept(error, 0);
    }
  }
  active.cycle = 1;
}

async function replaceNetwork(
  context: RunContext,
  active: RunningTask<"restore">,
  checkpoint: NewNetwork,
): Promise<void> {
  const { task } = active;
  const enter = (network: ClusterNetwork) => network.replace(checkpoint);
  await context.onHost(async (network) => {
    const { template } = (await network.ready()).info;
    try {
      await network.save(async (tx) => {
        await tx.update(clusters).set({ template }).where(eq(clusters.uuid, task.cluster_uuid));
        await recordEnd(context, tx, active, { state: "finished", cycle: 1 });
      });
    } catch (error) {
      // The row still describes the old network, so its last snapshot must be attached again.
      await network.leave();
      throw error;
    }
  }, enter);
}
