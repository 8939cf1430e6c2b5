import type { ClusterRow } from "../db/rows.ts";
import { isOfKind, isUnavailable } from "../hosts/host-errors.ts";
import type {
  Host,
  NetworkInfo,
  NetworkMetrics,
  RequestReport,
  RequestSlice,
  TablePart,
  TrainReport,
  TrainSlice,
} from "../hosts/host.ts";
import { type Attached, Attachment } from "./attachment.ts";
import { HostCalls } from "./host-calls.ts";
import { moveNetwork } from "./move-network.ts";
import { NetworkProgress, type TaskPosition } from "./network-progress.ts";
import type { NetworkResources } from "./network-resources.ts";
import { type RecordWith, Snapshots } from "./snapshots.ts";

export type ClusterMode = "TASK" | "DIRECT";

export interface ClusterFigures {
  metrics: NetworkMetrics;
  /** Why the cluster's host cannot take the network; null when it has it. */
  unavailable: string | null;
}

/**
 * The network of one cluster, on whatever host it is: computes, saves and moves it. Not safe for two callers at once:
 * the scheduler gives each a turn.
 */
export class ClusterNetwork {
  readonly #resources: NetworkResources;
  readonly #progress = new NetworkProgress();
  readonly #snapshots: Snapshots;
  readonly #attachment: Attachment;
  readonly #calls: HostCalls;
  #mode: ClusterMode | null = null;

  constructor(resources: NetworkResources, clusterUuid: string) {
    this.#resources = resources;
    const snapshots = new Snapshots(resources, clusterUuid, this.#progress);
    const onRestored = (row: ClusterRow) => this.#follow(row);
    this.#snapshots = snapshots;
    this.#attachment = new Attachment(resources, clusterUuid, { snapshots, onRestored });
    this.#calls = new HostCalls(resources, this.#attachment);
  }

  /** True while the network contains something that no snapshot has. */
  get dirty(): boolean {
    return this.#progress.dirty;
  }

  /** How often the network fell back to a snapshot that lacks cycles of direct IO. */
  get directLosses(): number {
    return this.#progress.directLosses;
  }

  /** Where the network is, and its figures as of the last contact with that host; null while no host has it. */
  get onHost(): { hostUuid: string; metrics: NetworkMetrics } | null {
    const { live } = this.#attachment;
    return live === null ? null : { hostUuid: live.host.uuid, metrics: live.info.metrics };
  }

  async mode(): Promise<ClusterMode> {
    if (this.#mode === null) this.#mode = (await this.#attachment.row()).mode;
    return this.#mode;
  }

  /** Follows a change of the cluster's row. */
  modeChanged(mode: ClusterMode): void {
    this.#mode = mode;
  }

  /**
   * Makes sure that the network is on its host. Rejects with 404 when the cluster has been deleted, and with what
   * `isUnavailable` knows when the host cannot take it.
   */
  ready(): Promise<Readonly<Attached>> {
    return this.#attachment.ready();
  }

  /** Figures of the network; while its host cannot take it, those of the last snapshot, with the reason. */
  async figures(): Promise<ClusterFigures> {
    try {
      return { metrics: (await this.ready()).info.metrics, unavailable: null };
    } catch (error) {
      // What a host could not take over in time no other one is asked to.
      if (!isUnavailable(error) || isOfKind(error, "hung")) throw error;
      const row = await this.#attachment.row();
      const { host, info } = await this.#attachment.putSnapshot(this.#resources.hosts.default(), row);
      await this.#attachment.detachFrom(host);
      return { metrics: info.metrics, unavailable: error.message };
    }
  }

  /** Cycles of this task that the network contains: 0 when none, or when the host fell back to an older snapshot. */
  async positionOf(taskUuid: string): Promise<number> {
    await this.ready();
    return this.#progress.cyclesOf(taskUuid);
  }

  /** Trains one slice. `position` is what the network contains afterwards; null outside of tasks. */
  async train(slice: TrainSlice, position: TaskPosition | null): Promise<TrainReport> {
    const report = await this.#calls.train(slice);
    this.#progress.changed();
    this.#progress.position = position;
    return report;
  }

  /** Gives a part of a task's table to the host; false where that keeps none. */
  keepTable(part: TablePart): Promise<boolean> {
    return this.#calls.keepTable(part);
  }

  /** Has the host forget the table. */
  dropTable(): Promise<void> {
    return this.#calls.dropTable();
  }

  async request(slice: RequestSlice): Promise<RequestReport> {
    const report = await this.#calls.request(slice);
    if (report.remembers) this.#progress.changed();
    return report;
  }

  exportState(): Promise<Uint8Array> {
    return this.#calls.exportState();
  }

  /**
   * Takes the state now and writes it in the background: `written` resolves once the file is durable and recorded,
   * together with what `record` changes. Saves are written in the order in which they were started.
   */
  startSave(record?: RecordWith): Promise<{ written: Promise<void> }> {
    return this.#startSave(() => this.#progress.position, record);
  }

  async save(record?: RecordWith): Promise<void> {
    const { written } = await this.startSave(record);
    await written;
  }

  /** Saves when the task that the network was in is over. If that fails, the network still knows its position in it. */
  async saveEnd(record: RecordWith): Promise<void> {
    const { written } = await this.#startSave(() => null, record);
    await written;
    this.#progress.position = null;
  }

  async #startSave(
    positionOfState: () => TaskPosition | null,
    record?: RecordWith,
  ): Promise<{ written: Promise<void> }> {
    const state = await this.exportState();
    // Only now: a host that was lost has just got an older state back.
    const position = positionOfState();
    const { changes } = this.#progress;
    return { written: this.#snapshots.write({ state, changes, position, record }) };
  }

  /** Lets a network that has not learned anything yet begin from this seed; any other keeps its own. */
  async seedFresh(seed: number): Promise<void> {
    const { host, projectId, info } = await this.ready();
    const { cycle, sections } = info.metrics;
    if (cycle > 0 || sections > 0 || info.seed === seed) return;
    this.#attachment.take(await this.#attachment.put(host, projectId, { template: info.template, seed }));
  }

  /**
   * Puts another state, from `readNetwork`, in place of this one; the row's template follows in `save`. When the host
   * refuses the state, nothing changes.
   */
  async replace(state: Uint8Array): Promise<NetworkInfo> {
    const { host, projectId } = await this.ready();
    const attached = await this.#attachment.put(host, projectId, state, this.#calls.hangs);
    this.#attachment.take(attached);
    this.#progress.position = null;
    this.#progress.changed();
    return attached.info;
  }

  /** See `moveNetwork`. */
  moveTo(target: Host): Promise<void> {
    return moveNetwork({ db: this.#resources.db, attachment: this.#attachment, calls: this.#calls }, target);
  }

  /** Takes the network off its host, after everything that was being saved; the next use attaches the last snapshot. */
  async leave(): Promise<void> {
    await this.#snapshots.idle();
    await this.#attachment.abandon();
  }

  /** From now on the network is what its row tells. */
  #follow(row: ClusterRow): void {
    this.#mode = row.mode;
    this.#snapshots.follow(row);
    this.#progress.fellBack(row);
  }
}
