import type { TaskRow } from "../db/rows.ts";
import type { Limits } from "../server/config.ts";
import type { ClusterSeat, SeatResources } from "../clusters/cluster-seat.ts";
import type { TaskPlan } from "../db/schema/index.ts";

/** A task that is running, as its lane, its runner and the API see it. */
export interface TaskRun<Kind extends TaskPlan["kind"] = TaskPlan["kind"]> {
  readonly task: TaskRow;
  readonly plan: Extract<TaskPlan, { kind: Kind }>;
  /** Cycles done so far. */
  cycle: number;
  /** Set from outside; the runner looks at it between slices. */
  stop: StopReason | null;
}

/** `abort`: the owner's wish. `suspend`: the server stops, the task goes on at its next start. `retire`: the cluster goes. */
export type StopReason = "abort" | "suspend" | "retire";

/** What tasks need of the server. */
export interface TaskResources extends SeatResources {
  /** What results and checkpoints may take. */
  limits: Pick<Limits, "datasetBytes" | "projectBytes">;
}

/** What a runner may use: the resources of the server and turns on the cluster. */
export interface RunContext extends TaskResources {
  exclusive<T>(step: (seat: ClusterSeat) => Promise<T>): Promise<T>;
}

/** Runs a task until it is over or `run.stop` is set, and records how it ended. Throws when it failed. */
export type Runner<Kind extends TaskPlan["kind"]> = (context: RunContext, run: TaskRun<Kind>) => Promise<void>;
