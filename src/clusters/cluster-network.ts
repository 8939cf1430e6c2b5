import type { ClusterRow } from "../db/rows.ts";
import { HostLostError } from "../hosts/host-errors.ts";
import type { EventOwner } from "../events/event.ts";
import type { Host, RequestReport, TrainReport } from "../hosts/host.ts";
import type { RequestRun, RunRows, TablePart, TrainRun } from "../network/run.ts";
import { type Attached, Attachment, type NewNetwork } from "./attachment.ts";
import { HostCalls } from "./host-calls.ts";
import { moveNetwork } from "./move-network.ts";
import { NetworkProgress, type RecordWith, type TaskPosition } from "./network-progress.ts";
import type { NetworkResources } from "./network-resources.ts";
import { Snapshots } from "./snapshots.ts";
import { isUntaught, type NetworkFigures } from "../network/network-figures.ts";

export type ClusterMode = "TASK" | "DIRECT";

/** What one cycle may add to a network at most, approximately: a multiple of its size, and bytes. */
const GROWTH_FACTOR = 2;
const GROWTH_BYTES = { cpu: 2 ** 20, gpu: 2 ** 26 };
/** A network takes less than this multiple of its size on its host: the rest belongs to others. */
const OWN_FACTOR = 1.5;

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
  #owner: EventOwner | null = null;
  /** When the network was last exported for a save, in ms of `performance.now()`, and its size then. */
  #lastSave = { ms: -Infinity, bytes: 0 };

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

  /** Counts the changes of the network. */
  get changes(): number {
    return this.#progress.changes;
  }

  /** How many of the changes the network kept in the last of its `losses`. */
  get kept(): number {
    return this.#progress.kept;
  }

  /** Whether rows of `learn` were lost, and `takeRowLoss` has not told it. */
  get hasRowLoss(): boolean {
    return this.#progress.isRowLossUntold;
  }

  /** How often the network fell back to a snapshot that lacks cycles of direct IO, or rows of `learn`. */
  get losses(): number {
    return this.#progress.losses;
  }

  /** Whether rows of `learn` were lost since it was last asked. */
  takeRowLoss(): boolean {
    const { isRowLossUntold } = this.#progress;
    this.#progress.rowLossTold();
    return isRowLossUntold;
  }

  /** The network's host, since when, and its figures as of the last contact; null while no host has the network. */
  get onHost(): { hostUuid: string; sinceMs: number; figures: NetworkFigures } | null {
    const { live } = this.#attachment;
    return live === null ? null : { hostUuid: live.host.uuid, sinceMs: live.sinceMs, figures: live.info.figures };
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

  /** Whether the network is being put onto a host, or waits for room there. */
  get isEntering(): boolean {
    return this.#attachment.isEntering;
  }

  /** See `Attachment`. */
  endWaiting(): void {
    this.#attachment.endWaiting();
  }

  beginWaiting(): void {
    this.#attachment.beginWaiting();
  }

  /** Why the network is not put onto its host for a while; undefined otherwise. */
  get refusal(): string | undefined {
    return this.#attachment.hangs.refusal?.message;
  }

  /** True when the cluster's row and snapshot tell everything that this object knows. */
  get isForgettable(): boolean {
    const { live, hangs } = this.#attachment;
    // Other changes that no snapshot contains are lost with the network.
    if (this.#progress.owesNews) return false;
    return live === null && this.#snapshots.isSettled && hangs.isClear && this.#calls.hangs.isClear;
  }

  /** Lets the host drop the network when it needs room, if a snapshot equals it. */
  markIdle(): void {
    if (!this.dirty && this.#snapshots.isSettled) this.#attachment.markIdle();
  }

  /** Keeps the network on its host, if it is still there, until the next `markIdle`. */
  async markBusy(): Promise<void> {
    await this.#attachment.markBusy();
  }

  /**
   * Cycles of this task that the network contains: 0 when it contains none, also after a fallback to an older snapshot.
   */
  async positionOf(taskUuid: string): Promise<number> {
    await this.ready();
    return this.#progress.cyclesOf(taskUuid);
  }

  /**
   * Trains a run. `position` is the network's position after the run; null outside of tasks. A run without rows gets
   * them from `readRows` when it is its turn.
   */
  async train(run: TrainRun, position: TaskPosition | null, readRows?: () => Promise<RunRows>): Promise<TrainReport> {
    const report = await this.#train(run, readRows);
    this.#progress.changed(position === null ? "direct" : "task");
    this.#progress.position = position;
    if (position === null) this.#noteScores(report);
    return report;
  }

  /** Trains rows that belong to no task, also between the slices of one, which goes on where it is. */
  async learn(run: TrainRun): Promise<void> {
    const report = await this.#train(run);
    this.#progress.changed("rows");
    this.#noteScores(report);
  }

  #noteScores({ scores }: TrainReport): void {
    const { uuid, attached } = this.#attachment;
    if (attached === null || this.#owner === null) return;
    this.#resources.directScores.add({ uuid, owner: this.#owner }, attached.info, scores);
  }

  /** Saves before a run that may make the network fall back, if it would lose what no task repeats. */
  async #train(run: TrainRun, readRows?: () => Promise<RunRows>): Promise<TrainReport> {
    const { losses } = this;
    const mayStart = (host: Host) => !this.#progress.isUnrepeatedAtRisk || !this.#isAtRisk(host);
    let report: TrainReport | null;
    while ((report = await this.#calls.train(run, { mayStart, readRows })) === null) {
      await this.save();
      // The run belongs behind the changes that are lost.
      if (this.losses !== losses) throw new HostLostError("it ended before a save", { wasUnderWay: false });
    }
    return report;
  }

  /** Sends a part of a task's table to the host; false when the host keeps no tables. */
  async keepTable(part: TablePart): Promise<boolean> {
    const isKept = await this.#calls.keepTable(part);
    // Inputs and outputs may have become wider.
    this.#progress.changed();
    return isKept;
  }

  /** Makes the host drop the table. */
  dropTable(): Promise<void> {
    return this.#calls.dropTable();
  }

  /** Replaces the encoders that the network's state carries. */
  async setEncoders(text: string): Promise<void> {
    await this.#calls.setEncoders(text);
    this.#progress.changed();
  }

  async request(run: RequestRun): Promise<RequestReport> {
    const report = await this.#calls.request(run);
    if (report.remembers) this.#progress.changed(this.#mode === "DIRECT" ? "direct" : "task");
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
    const records = [position?.takeRecord?.(), record].filter((each) => each !== undefined);
    const { changes } = this.#progress;
    const { figures } = this.#attachment.attached!.info;
    this.#lastSave = { ms: performance.now(), bytes: figures.bytes };
    return { written: this.#snapshots.write({ state, changes, position, figures, records }) };
  }

  /** Restarts a network that has not learned anything yet with this seed; any other network keeps its own. */
  async seedFresh(seed: number): Promise<void> {
    const { info } = await this.ready();
    if (!isUntaught(info.figures) || info.seed === seed) return;
    await this.replace({ read: async () => ({ template: info.template, seed }) });
  }

  /**
   * Replaces the network by another one: by a state that `readNetwork` has checked, or by a fresh network. `save` then
   * updates the row's template. When the host refuses the state, nothing changes.
   */
  async replace(network: NewNetwork): Promise<void> {
    const { hangs } = this.#calls;
    if (!(await this.#attachment.replace(network, { hangs }))) {
      await this.giveWay();
      await this.#attachment.enterAs(network, { hangs });
    }
    this.#progress.position = null;
    this.#progress.changed();
    this.#resources.directScores.forget(this.#attachment.uuid);
  }

  /** See `moveNetwork`. */
  moveTo(target: Host): Promise<void> {
    const { db, events } = this.#resources;
    return moveNetwork({ db, events, attachment: this.#attachment, calls: this.#calls }, target);
  }

  /**
   * Saves the network, if it is on a host, and takes it off. Tasks must not wait for room on a host while their
   * networks take some there, because they would wait for one another.
   */
  async giveWay(): Promise<void> {
    if (this.onHost === null) return;
    if (this.dirty) await this.save();
    await this.leave();
  }

  /** Waits for pending saves, then detaches the network from its host; the next use attaches the last snapshot. */
  async leave(): Promise<void> {
    await this.#snapshots.idle();
    await this.#attachment.abandon();
  }

  /**
   * Whether the host is so full that the next growth may fail, which would undo changes that no task repeats. Without
   * other networks in use that is rare: then it is false for an interval after each save, and while the network does
   * not grow, because a save for each cycle would cost more than it keeps.
   */
  #isAtRisk({ type, lastStatus }: Host): boolean {
    const bytes = this.#attachment.live?.info.figures.bytes ?? 0;
    if (!this.dirty || lastStatus === null) return false;
    const { memoryBytesFree: free, memoryBytesTotal: total } = lastStatus;
    if (free >= GROWTH_FACTOR * bytes + GROWTH_BYTES[type]) return false;
    if (total - free > OWN_FACTOR * bytes) return true;
    const { ms, bytes: savedBytes } = this.#lastSave;
    return bytes > savedBytes && performance.now() >= ms + this.#resources.snapshotIntervalMs;
  }

  /** The network now has the state of this row. */
  #follow(row: ClusterRow): void {
    this.#mode = row.mode;
    this.#owner = row;
    this.#lastSave = { ms: -Infinity, bytes: row.figures?.bytes ?? 0 };
    this.#snapshots.follow(row);
    this.#progress.fellBack(row);
  }
}
