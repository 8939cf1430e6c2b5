export interface TaskId {
  uuid: string;
  cluster_uuid: string;
}

/** Tells listeners when the state of a task has changed, after the change is committed. */
export class TaskChanges {
  /** By cluster, then by task. */
  readonly #listeners = new Map<string, Map<string, Set<() => void>>>();

  /** Calls `listener` after each change of this task; the returned function unsubscribes. */
  on(task: TaskId, listener: () => void): () => void {
    const [clusterUuid, taskUuid] = [task.cluster_uuid.toLowerCase(), task.uuid.toLowerCase()];
    const ofCluster = this.#listeners.get(clusterUuid) ?? new Map<string, Set<() => void>>();
    const ofTask = ofCluster.get(taskUuid) ?? new Set();
    this.#listeners.set(clusterUuid, ofCluster);
    ofCluster.set(taskUuid, ofTask);
    ofTask.add(listener);
    return () => {
      ofTask.delete(listener);
      if (ofTask.size === 0) ofCluster.delete(taskUuid);
      if (ofCluster.size === 0) this.#listeners.delete(clusterUuid);
    };
  }

  changed(task: TaskId): void {
    for (const listener of this.#listeners.get(task.cluster_uuid)?.get(task.uuid) ?? []) listener();
  }

  /** The cluster is deleted with all of its tasks. */
  clusterGone(clusterUuid: string): void {
    for (const ofTask of this.#listeners.get(clusterUuid)?.values() ?? []) for (const listener of ofTask) listener();
  }
}
