import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import type { Serial } from "../clusters/serial.ts";
import type { StopReason, TaskResources } from "./running-task.ts";

/** State shared by the parts of one scheduled cluster. */
export interface ClusterParts {
  readonly resources: TaskResources;
  readonly uuid: string;
  readonly network: ClusterNetwork;
  /** Every use of the network takes a turn. */
  readonly turns: Serial;
  readonly stop: StopSignal;
}

/** Why a cluster accepts no more work; null while it does. */
export interface StopSignal {
  reason: Exclude<StopReason, "abort"> | null;
}
