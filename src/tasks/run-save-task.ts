import { checkpointEvent } from "../checkpoints/checkpoint-events.ts";
import { rm } from "node:fs/promises";
import { checkpointPath } from "../files/storage.ts";
import { writeDurably } from "../files/durable-file.ts";
import { checkpoints } from "../db/schema/index.ts";
import { HanamiError } from "../errors.ts";
import { checkProjectBytes } from "../limits/project-bytes.ts";
import { HostLosses } from "./host-losses.ts";
import { recordEnd } from "./record-end.ts";
import type { RunContext, RunningTask } from "./running-task.ts";

/** Writes the network as a checkpoint, which has the task's owner and uuid. */
export async function runSaveTask(context: RunContext, active: RunningTask<"save">): Promise<void> {
  const { task } = active;
  const state = await exportState(context, active);
  const path = checkpointPath(context.storage, task.uuid);
  await writeDurably(path, state);
  const record = context.db.transaction(async (tx) => {
    if (!(await recordEnd(context, tx, active, { state: "finished", cycle: 1 }))) return false;
    await checkProjectBytes(context.limits, tx, task.project_id, state.byteLength);
    const { uuid, name, cluster_uuid: cluster, owner_id, owner_uuid, project_id } = task;
    const owner = { owner_id, owner_uuid, project_id };
    await tx.insert(checkpoints).values({ uuid, name, file_size: state.byteLength, ...owner });
    const saved = { uuid: cluster, checkpoint_uuid: uuid };
    context.events.publishWith(tx, checkpointEvent("created", { uuid, name }, owner), {
      kind: "cluster.saved",
      data: saved,
      owner: active.owner,
      cluster,
    });
    return true;
  });
  const recorded = await record.catch(async (error: unknown) => {
    // A HanamiError is a refusal. After any other error the database may name the file, because its answer may have
    // been lost.
    if (error instanceof HanamiError) await rm(path, { force: true });
    throw error;
  });
  // Not recorded: the cluster was deleted meanwhile, together with its tasks.
  if (recorded) active.cycle = 1;
  else await rm(path, { force: true });
}

async function exportState(context: RunContext, active: RunningTask<"save">): Promise<Uint8Array> {
  const losses = new HostLosses(active);
  for (;;) {
    try {
      return await context.onHost((network) => network.exportState());
    } catch (error) {
      losses.accept(error, 0);
    }
  }
}
