import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterNetwork } from "../clusters/cluster-network.ts";
import { Serial } from "../clusters/serial.ts";
import { ActiveTask } from "./active-task.ts";
import { BackgroundSaves } from "./background-saves.ts";
import type { ClusterParts, SchedulerResources, StopSignal } from "./cluster-parts.ts";
import type { TaskChanges } from "./task-changes.ts";
import { TaskQueue } from "./task-queue.ts";

/** One cluster of the scheduler: its network and turns, its queue, its active task and its end. */
export class ScheduledCluster {
  readonly queue: TaskQueue;
  readonly task: ActiveTask;
  readonly #parts: ClusterParts;
  readonly #saves: BackgroundSaves;
  readonly #listeners = new Set<() => void>();

  constructor(resources: SchedulerResources, uuid: string, changes: TaskChanges) {
    const network = new ClusterNetwork(resources, uuid);
    this.#parts = { resources, uuid, network, turns: new Serial(), stop: { reason: null }, changes };
    this.#saves = new BackgroundSaves(this.#parts);
    this.task = new ActiveTask(this.#parts, (work) => this.exclusive(work));
    this.queue = new TaskQueue(this.#parts, (task) => this.task.run(task));
  }

  /** See `ClusterNetwork.onHost`. */
  get onHost() {
    return this.#parts.network.onHost;
  }

  /** See `Scheduler.exclusive`. */
  async exclusive<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T> {
    const { turns, network } = this.#parts;
    try {
      return await turns.run(() => work(network));
    } finally {
      this.#saves.plan();
    }
  }

  onRetired(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** See `Scheduler.retire`. The object is unusable afterwards, unless `remove` threw. */
  async retire(remove: () => Promise<void>): Promise<void> {
    const { turns, network, stop, changes, uuid } = this.#parts;
    await this.#halt("retire");
    await turns.run(async () => {
      try {
        await remove();
      } catch (error) {
        stop.reason = null;
        this.queue.wake();
        throw error;
      }
      for (const listener of this.#listeners) listener();
      changes.clusterGone(uuid);
      await network.leave();
      await this.#removeFiles();
    });
  }

  /** See `Scheduler.close`. */
  async close(): Promise<void> {
    const { turns, network, resources, uuid } = this.#parts;
    await this.#halt("suspend");
    await turns.run(async () => {
      if (!network.dirty) return;
      try {
        await network.save();
      } catch (error) {
        resources.log.error({ err: error, cluster: uuid }, "the cluster could not be saved on shutdown");
      }
    });
  }

  /** Accepts no more work; resolves when running work has stopped. */
  async #halt(reason: NonNullable<StopSignal["reason"]>): Promise<void> {
    this.#parts.stop.reason = reason;
    this.task.stop(reason);
    this.#saves.cancel();
    this.queue.cancelRetry();
    await this.queue.idle();
    await this.#saves.idle();
  }

  /** Removes every file in the cluster folder whose name starts with the cluster's uuid. */
  async #removeFiles(): Promise<void> {
    const { resources, uuid } = this.#parts;
    const folder = resources.storage.clusters;
    for (const name of await readdir(folder)) {
      if (name.startsWith(`${uuid}.`)) await rm(join(folder, name), { force: true });
    }
  }
}
