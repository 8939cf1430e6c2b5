import type { ClusterRow } from "../db/rows.ts";
import { isOfKind, isUnavailable } from "../hosts/host-errors.ts";
import type { Host, NetworkInfo, RequestReport, TrainReport } from "../hosts/host.ts";
import type { RequestRun, TablePart, TrainRun } from "../network/run.ts";
import { type Attached, Attachment } from "./attachment.ts";
import { HostCalls } from "./host-calls.ts";
import { moveNetwork } from "./move-network.ts";
import { NetworkProgress, type TaskPosition } from "./network-progress.ts";
import type { NetworkResources } from "./network-resources.ts";
import { type RecordWith, Snapshots } from "./snapshots.ts";
import type { NetworkFigures } from "../network/network-figures.ts";

export type ClusterMode = "TASK" | "DIRECT";

export interface ClusterFigures {
  figures: NetworkFigures;
  /** Why the cluster's host cannot take the network; null while it has the network. */
  unavailable: string | null;
}

/**
 * The network of one cluster on its current host: computes, saves and moves it. Not safe for concurrent callers: the
 * scheduler gives each a turn.
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

  /** True while no snapshot contains the network's latest changes. */
  get dirty(): boolean {
    return this.#progress.dirty;
  }

  /** How often the network fell back to a snapshot that lacks cycles of direct IO. */
  get directLosses(): number {
    return this.#progress.directLosses;
  }

  /** The network's host, and its figures as of the last contact; null while no host has the network. */
  get onHost(): { hostUuid: string; figures: NetworkFigures } | null {
    const { live } = this.#attachment;
    return live === null ? null : { hostUuid: live.host.uuid, figures: live.info.figures };
  }

  async mode(): Promise<ClusterMode> {
    if (this.#mode === null) this.#mode = (await this.#attachment.row()).mode;
    return this.#mode;
  }

  /** Takes over a change of the cluster's row. */
  modeChanged(mode: ClusterMode): void {
    this.#mode = mode;
  }

  /**
   * Ensures that the network is on its host. Rejects with 404 when the cluster has been deleted, and with an error that
   * `isUnavailable` recognizes when the host cannot take the network.
   */
  ready(): Promise<Readonly<Attached>> {
    return this.#attachment.ready();
  }

  /**
   * The network's figures. While its host cannot take the network: the figures of the last snapshot, with the reason.
   */
  async figures(): Promise<ClusterFigures> {
    try {
      return { figures: (await this.ready()).info.figures, unavailable: null };
    } catch (error) {
      // A network that hung one host is not tried on another one.
      if (!isUnavailable(error) || isOfKind(error, "hung")) throw error;
      const row = await this.#attachment.row();
      const { host, info } = await this.#attachment.putSnapshot(this.#resources.hosts.default(), row);
      await this.#attachment.detachFrom(host);
      return { figures: info.figures, unavailable: error.message };
    }
  }

  /**
   * Cycles of this task that the network contains: 0 when it contains none, also after a fallback to an older snapshot.
   */
  async positionOf(taskUuid: string): Promise<number> {
    await this.ready();
    return this.#progress.cyclesOf(taskUuid);
  }

  /** Trains a run. `position` is the network's position after the run; null outside of tasks. */
  async train(run: TrainRun, position: TaskPosition | null): Promise<TrainReport> {
    const report = await this.#calls.train(run);
    this.#progress.changed();
    this.#progress.position = position;
    return report;
  }

  /** Sends a part of a task's table to the host; false when the host keeps no tables. */
  keepTable(part: TablePart): Promise<boolean> {
    return this.#calls.keepTable(part);
  }

  /** Makes the host drop the table. */
  dropTable(): Promise<void> {
    return this.#calls.dropTable();
  }

  async request(run: RequestRun): Promise<RequestReport> {
    const report = await this.#calls.request(run);
    if (report.remembers) this.#progress.changed();
    return report;
  }

  exportState(): Promise<Uint8Array> {
    return this.#calls.exportState();
  }

  /**
   * Exports the state now and writes it in the background: `written` resolves once the file is durable and recorded, in
   * one transaction with the changes of `record`. Saves are written in the order in which they start.
   */
  startSave(record?: RecordWith): Promise<{ written: Promise<void> }> {
    return this.#startSave(() => this.#progress.position, record);
  }

  async save(record?: RecordWith): Promise<void> {
    const { written } = await this.startSave(record);
    await written;
  }

  /** Saves at the end of the network's task. If the save fails, the network keeps its position in the task. */
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
    // Read after the export: if the host was lost, the export has just restored an older state.
    const position = positionOfState();
    const { changes } = this.#progress;
    return { written: this.#snapshots.write({ state, changes, position, record }) };
  }

  /** Restarts a network that has not learned anything yet with this seed; any other network keeps its own. */
  async seedFresh(seed: number): Promise<void> {
    const { host, projectId, info } = await this.ready();
    const { cycle, sections } = info.figures;
    if (cycle > 0 || sections > 0 || info.seed === seed) return;
    this.#attachment.take(await this.#attachment.put(host, projectId, { template: info.template, seed }));
  }

  /**
   * Replaces the network by another state from `readNetwork`; `save` then updates the row's template. When the host
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

  /** Waits for pending saves, then detaches the network from its host; the next use attaches the last snapshot. */
  async leave(): Promise<void> {
    await this.#snapshots.idle();
    await this.#attachment.abandon();
  }

  /** The network now has the state of this row. */
  #follow(row: ClusterRow): void {
    this.#mode = row.mode;
    this.#snapshots.follow(row);
    this.#progress.fellBack(row);
  }
}
