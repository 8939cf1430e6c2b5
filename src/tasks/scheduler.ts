import type { ClusterFigures, ClusterNetwork } from "../clusters/cluster-network.ts";
import type { NetworkMetrics } from "../hosts/host.ts";

/**
 * Runs the tasks of every cluster: one queue per cluster, strictly in order; different clusters in parallel,
 * each handed to its host in slices of bounded time. Owns the clusters while they compute.
 */
export interface Scheduler {
  /** A task of this cluster was queued, or its mode changed: look at the queue again. */
  wake(clusterUuid: string): void;
  /** Cycles done by a task that is running right now; undefined for any other, whose row is up to date. */
  progress(clusterUuid: string, taskUuid: string): number | undefined;
  /** The network's figures as of its last slice; undefined while no host has it. */
  knownFigures(clusterUuid: string): ClusterFigures | undefined;
  /** Those figures, from a host that gets the network first; waits for the cluster's turn. */
  figures(clusterUuid: string): Promise<ClusterFigures>;
  /** The networks that are in the memory of a host, with their figures as of their last slice. */
  networks(): { hostUuid: string; metrics: NetworkMetrics }[];
  /** Stops the active task of the cluster, if it is this one, after its current slice. Resolves once stopped. */
  abort(clusterUuid: string, taskUuid: string): Promise<void>;
  /** Runs work (move, export, direct IO) in a turn, between two slices. Work must not wait for a turn. */
  exclusive<T>(clusterUuid: string, work: (network: ClusterNetwork) => Promise<T>): Promise<T>;
  /**
   * Stops the cluster's work, runs `remove` (which deletes its rows) and clears its host and files. When `remove`
   * throws, the cluster goes on as before.
   */
  retire(clusterUuid: string, remove: () => Promise<void>): Promise<void>;
  /** Calls back once when the cluster is deleted; the returned function withdraws that. */
  onRetired(clusterUuid: string, listener: () => void): () => void;
  /** Saves what the clusters have learned and leaves unfinished tasks to the next start. */
  close(): Promise<void>;
}
