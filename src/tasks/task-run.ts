import type { TaskRow } from "../db/rows.ts";
import type { Limits } from "../server/config.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import type { NetworkResources } from "../clusters/network-resources.ts";
import type { TaskPlan } from "../db/schema/index.ts";

/** A task that is running, as the scheduler, its runner and the API see it. */
export interface TaskRun<Kind extends TaskPlan["kind"] = TaskPlan["kind"]> {
  readonly task: TaskRow;
  readonly plan: Extract<TaskPlan, { kind: Kind }>;
  /** Cycles done so far. */
  cycle: number;
  /** Set from outside; the runner looks at it between slices. */
  stop: StopReason | null;
}

/** `abort`: the owner wants so. `suspend`: the server stops; the next start goes on. `retire`: the cluster goes. */
export type StopReason = "abort" | "suspend" | "retire";

/** What tasks need of the server. */
export interface TaskResources extends NetworkResources {
  /** What results and checkpoints may take. */
  limits: Pick<Limits, "datasetBytes" | "projectBytes">;
}

/** What a runner may use: the resources of the server and turns on the cluster. */
export interface RunContext extends TaskResources {
  exclusive<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T>;
}
