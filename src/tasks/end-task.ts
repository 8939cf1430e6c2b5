import { readClusterRow } from "../clusters/cluster-row.ts";
import { unpinCheckpoint } from "../clusters/restore-pin.ts";
import { discardResultRow, removeResultFile } from "../datasets/discard-result.ts";
import { HanamiError } from "../errors.ts";
import { HostError, isUnavailable } from "../hosts/host-errors.ts";
import { outageOf, outageTexts } from "../server/outage.ts";
import { curveEnd } from "./curve/keep-curve.ts";
import { recordEnd, type TaskEnd } from "./record-end.ts";
import { reportError } from "./report-error.ts";
import { TaskError } from "./task-error.ts";
import type { TaskResources, RunningTask } from "./running-task.ts";

/** Ends a task that cannot continue, with a reason for its owner; its result is discarded. */
export async function failTask(resources: TaskResources, active: RunningTask, error: unknown): Promise<void> {
  const expected = error instanceof TaskError || error instanceof HanamiError || isUnavailable(error);
  if (!expected) {
    await reportError(resources, error, { context: `task ${active.task.uuid}`, userId: active.task.owner_id });
  }
  // Other messages may reveal internals, such as paths; a host knows none.
  const hasText = expected || error instanceof HostError;
  const outage = outageOf(error);
  const hidden = outage ? outageTexts[outage] : "The server failed to carry out the task; its error log says why.";
  const errorMessage = hasText ? error.message : hidden;
  logEnd(resources, active, { outcome: "failed", reason: errorMessage });
  await discard(resources, active, { state: "failed", cycle: active.cycle, errorMessage });
}

/** Ends a task that was aborted while its network was on no host; its result is discarded. */
export async function abortTask(resources: TaskResources, active: RunningTask): Promise<void> {
  if (active.plan.kind === "train") active.cycle = await savedCycle(resources, active);
  logEnd(resources, active, { outcome: "ok" });
  await discard(resources, active, { state: "aborted", cycle: active.cycle });
}

/** The cycles of a training that the snapshot of its cluster contains. */
async function savedCycle({ db }: TaskResources, { task }: RunningTask): Promise<number> {
  const { snapshot_task_uuid, snapshot_task_cycle } = await readClusterRow(db, task.cluster_uuid);
  return snapshot_task_uuid === task.uuid ? snapshot_task_cycle : 0;
}

async function discard(resources: TaskResources, active: RunningTask, end: TaskEnd): Promise<void> {
  const { db, storage } = resources;
  const { task } = active;
  const hasFile = await db.transaction(async (tx) => {
    await recordEnd(resources, tx, active, { ...end, ...curveEnd(active, end.cycle) });
    return active.plan.kind === "request" && (await discardResultRow(resources, tx, task.uuid));
  });
  await unpin(resources, active);
  if (hasFile) await removeResultFile(storage, task.uuid);
}

/** Removes the pinned checkpoint of a restore task, or the best network of a training, that has ended. */
export async function unpin({ storage }: TaskResources, { task, plan }: RunningTask): Promise<void> {
  if (plan.kind !== "restore" && !(plan.kind === "train" && plan.keep === "best")) return;
  await unpinCheckpoint(storage, { clusterUuid: task.cluster_uuid, taskUuid: task.uuid });
}

/** Updates log and metrics. A task that resumes at the next start of the server has not ended. */
export function logEnd(
  { log, metrics }: TaskResources,
  { task, plan, cycle, stop }: RunningTask,
  { outcome, ms, reason }: { outcome: "ok" | "failed"; ms?: number; reason?: string },
): void {
  if (stop !== "suspend") metrics.tasksEnded.inc({ kind: plan.kind, outcome });
  const entry = {
    task: task.uuid,
    kind: plan.kind,
    cluster: task.cluster_uuid,
    cycle,
    stop: stop ?? undefined,
    reason,
  };
  log.info(
    { ...entry, ms: ms === undefined ? undefined : Math.round(ms) },
    `task ${outcome === "ok" ? "over" : "failed"}`,
  );
}
