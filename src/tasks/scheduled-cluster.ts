import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterNetwork } from "../clusters/cluster-network.ts";
import { Serial } from "../clusters/serial.ts";
import { ActiveTask } from "./active-task.ts";
import { BackgroundSaves } from "./background-saves.ts";
import type { ClusterParts, StopSignal } from "./cluster-parts.ts";
import type { TaskResources } from "./running-task.ts";
import { TaskQueue } from "./task-queue.ts";

/** One cluster of the scheduler: its network and turns, its queue, its active task and its end. */
export class ScheduledCluster {
  readonly queue: TaskQueue;
  readonly task: ActiveTask;
  readonly #parts: ClusterParts;
  readonly #saves: BackgroundSaves;
  readonly #listeners = new Set<() => void>();
  readonly #onForgettable: () => void;
  #lastTurnMs = 0;

  /** Calls `onForgettable` whenever a new object would know as much as this one. */
  constructor(resources: TaskResources, uuid: string, onForgettable: () => void) {
    const network = new ClusterNetwork(resources, uuid);
    const settle = () => this.settle();
    this.#onForgettable = onForgettable;
    this.#parts = { resources, uuid, network, turns: new Serial(), stop: { reason: null } };
    this.#saves = new BackgroundSaves(this.#parts, settle);
    this.task = new ActiveTask(this.#parts, (work) => this.exclusive(work));
    this.queue = new TaskQueue(this.#parts, (claimed) => this.task.run(claimed), settle);
  }

  /** See `ClusterNetwork.onHost`. */
  get onHost() {
    return this.#parts.network.onHost;
  }

  /** See `ClusterNetwork.refusal`. */
  get refusal() {
    return this.#parts.network.refusal;
  }

  /** See `Scheduler.exclusive`. */
  async exclusive<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T> {
    const { turns, network } = this.#parts;
    try {
      return await turns.run(() => work(network));
    } finally {
      this.#lastTurnMs = performance.now();
      this.#saves.plan();
      this.settle();
    }
  }

  onRetired(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.settle();
    };
  }

  /** Lets the network leave its host when nobody uses the cluster. Call it when something has ended. */
  settle(): void {
    const { network, stop } = this.#parts;
    if (this.isInUse || stop.reason !== null) return;
    network.markIdle();
    const isPending = !this.#saves.isIdle || this.queue.isWaiting || this.task.isWaiting || this.#listeners.size > 0;
    if (!isPending && network.isForgettable) this.#onForgettable();
  }

  /** Whether the network waits for room in its cluster's turn, as for a restore or a move. */
  get isEntering(): boolean {
    return this.#parts.network.isEntering;
  }

  /** Whether a task or a turn is under way or waits. */
  get isInUse(): boolean {
    return this.queue.isWorking || !this.#parts.turns.isIdle;
  }

  /** Whether the last changes of the network are to be saved. */
  get isDirty(): boolean {
    return this.#parts.network.dirty;
  }

  get lastTurnMs(): number {
    return this.#lastTurnMs;
  }

  /** Saves the changes that are to be saved soon; then the network may leave its host. False when it cannot now. */
  hastenSave(): boolean {
    return this.#saves.hasten();
  }

  /**
   * Saves the network and takes it off its host, between two slices. Its task or direct IO attaches it again. False
   * when that failed.
   */
  async giveWay(): Promise<boolean> {
    const { resources, turns, network, stop, uuid } = this.#parts;
    try {
      await turns.run(async () => {
        if (stop.reason === null) await network.giveWay();
      });
      return true;
    } catch (error) {
      resources.log.warn({ err: error, cluster: uuid }, "the cluster could not give way to another one");
      return false;
    } finally {
      this.settle();
    }
  }

  /** See `Scheduler.retire`. The object is unusable afterwards, unless `remove` threw. */
  async retire(remove: () => Promise<void>): Promise<void> {
    const { resources, turns, network, stop, uuid } = this.#parts;
    await this.#halt("retire");
    await turns.run(async () => {
      try {
        await remove();
      } catch (error) {
        stop.reason = null;
        network.beginWaiting();
        this.#saves.plan();
        this.queue.wake();
        throw error;
      }
      for (const listener of this.#listeners) listener();
      resources.changes.clusterGone(uuid);
      await network.leave();
      await this.#removeFiles();
    });
  }

  /** See `Scheduler.close`. */
  async close(): Promise<void> {
    const { turns, network, resources, uuid } = this.#parts;
    await this.#halt("suspend");
    await turns.run(async () => {
      if (!network.dirty || network.onHost === null) return;
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
    this.#parts.network.endWaiting();
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
