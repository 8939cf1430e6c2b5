/**
 * Runs the tasks of every cluster: one queue per cluster, strictly in order; different clusters in parallel,
 * each handed to its host in slices of bounded time. Owns the clusters while they compute.
 */
export interface Scheduler {
  /** A task of this cluster was queued, or its mode changed: look at the queue again. */
  wake(clusterUuid: string): void;
  /** Stops the active task of the cluster, if it is this one, after its current slice. Resolves once stopped. */
  abort(clusterUuid: string, taskUuid: string): Promise<void>;
  /** Runs an exclusive step on the cluster between two slices (move, export, direct IO). */
  exclusive<T>(clusterUuid: string, step: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
