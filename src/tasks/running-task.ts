import type { TaskRow } from "../db/rows.ts";
import type { Limits } from "../server/config.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import type { NetworkResources } from "../clusters/network-resources.ts";
import type { TaskPlan } from "../db/schema/index.ts";
import type { Notifier } from "./notifier.ts";
import type { Curve } from "./curve/curve.ts";
import type { EventOwner } from "../events/event.ts";
import type { TaskChanges } from "./task-changes.ts";

/** A running task, shared by the scheduler, its runner and the API. */
export interface RunningTask<Kind extends TaskPlan["kind"] = TaskPlan["kind"]> {
  readonly task: TaskRow;
  /** The owner of its cluster, for events. */
  readonly owner: EventOwner;
  readonly plan: Extract<TaskPlan, { kind: Kind }>;
  /** Completed cycles. */
  cycle: number;
  /** Set from outside; the runner checks it between slices. */
  stop: StopReason | null;
  /** What a training has measured; null until it knows how far its network is. */
  curve: Curve | null;
}

/**
 * `abort`: on the owner's request. `suspend`: the server stops, its next start resumes the task. `retire`: the cluster
 * is deleted.
 */
export type StopReason = "abort" | "suspend" | "retire";

/** Parts of the server that tasks use. */
export interface TaskResources extends NetworkResources {
  /** Size limits of results, checkpoints, and of what encoders make of a row. */
  limits: Pick<Limits, "datasetBytes" | "projectBytes" | "inputValues" | "outputValues">;
  changes: TaskChanges;
  webhooks: Notifier;
}

/** Resources of a runner: those of the server, and turns on the cluster. */
export interface RunContext extends TaskResources {
  /**
   * Like `exclusive`, with the network on its host, onto which `enter` has put it (by default `ready`). Waits for room
   * there for as long as the task does not have to stop.
   */
  onHost<T>(
    work: (network: ClusterNetwork) => Promise<T>,
    enter?: (network: ClusterNetwork) => Promise<unknown>,
  ): Promise<T>;
  exclusive<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T>;
}
