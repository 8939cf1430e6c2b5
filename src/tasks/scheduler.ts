import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import type { NetworkFigures } from "../network/network-figures.ts";
import type { Curve } from "./curve/curve.ts";
import type { TaskId } from "./task-changes.ts";

/**
 * Runs the tasks of all clusters: one queue per cluster, strictly in order; different clusters in parallel, each sent
 * to its host in slices of bounded time. Owns the clusters while they compute.
 */
export interface Scheduler {
  /** Checks the queue again, after a task of this cluster was queued or its mode changed. */
  wake(clusterUuid: string): void;
  /** Completed cycles of a running task; undefined for any other, whose row is up to date. */
  progress(clusterUuid: string, taskUuid: string): number | undefined;
  /** What a running training has measured so far; null for any other task, whose row is up to date. */
  curve(clusterUuid: string, taskUuid: string): Curve | null;
  /** The network's figures as of its last slice; undefined while no host has the network. */
  liveFigures(clusterUuid: string): NetworkFigures | undefined;
  /** Why the network is not put onto its host for a while; undefined otherwise. */
  refusal(clusterUuid: string): string | undefined;
  /** The networks in the memory of a host, with their figures as of their last slice. */
  networks(): { hostUuid: string; figures: NetworkFigures }[];
  /** Aborts the cluster's active task, if it is this one, after its current slice. Resolves when it has stopped. */
  abort(clusterUuid: string, taskUuid: string): Promise<void>;
  /** Runs work (move, export, direct IO) in a turn between two slices. Work must not wait for a turn itself. */
  exclusive<T>(clusterUuid: string, work: (network: ClusterNetwork) => Promise<T>): Promise<T>;
  /**
   * Stops the cluster's work, runs `remove` (which deletes its rows), then clears its host and files. When `remove`
   * throws, the cluster continues as before.
   */
  retire(clusterUuid: string, remove: () => Promise<void>): Promise<void>;
  /** Calls `listener` when the cluster is deleted; the returned function unsubscribes. */
  onRetired(clusterUuid: string, listener: () => void): () => void;
  /** Calls `listener` after each change of the task's state; the returned function unsubscribes. */
  onChanged(task: TaskId, listener: () => void): () => void;
  /** Tells the listeners that the state of the task was changed, or the task deleted, elsewhere. */
  changed(task: TaskId): void;
  /** Saves the clusters' networks; unfinished tasks resume at the next start. */
  close(): Promise<void>;
}
