import { rm } from "node:fs/promises";
import { join } from "node:path";
import { and, eq, isNull } from "drizzle-orm";
import type { Logger } from "pino";
import type { Db } from "../db/client.ts";
import { clusters } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";
import { HostError, HostLostError, isOfKind, isUnavailable } from "../hosts/host-errors.ts";
import type {
  Host,
  NetworkInfo,
  RequestReport,
  RequestSlice,
  TablePart,
  TrainReport,
  TrainSlice,
} from "../hosts/host.ts";
import type { HostRegistry } from "../hosts/registry.ts";
import { isQuicklyMade, isSmall, ShortCycles } from "../hosts/short-calls.ts";
import type { Metrics } from "../measurements/metrics.ts";
import type { NetworkFigures } from "../network/network-figures.ts";
import type { Storage } from "../storage.ts";
import type { ClusterRow } from "./find-cluster.ts";
import { writeDurably } from "./durable-file.ts";
import { Hangs } from "./hangs.ts";
import { readNetwork } from "./read-network.ts";
import { Serial } from "./serial.ts";

export interface SeatResources {
  db: Db;
  hosts: HostRegistry;
  storage: Storage;
  log: Logger;
  metrics: Metrics;
}

/** How many cycles of an unfinished task the network contains. */
export interface TaskPosition {
  taskUuid: string;
  cycle: number;
}

export type ClusterMode = "TASK" | "DIRECT";

interface FreshNetwork {
  template: string;
  seed: number;
}

interface Attached {
  host: Host;
  projectId: string;
  generation: number;
  info: NetworkInfo;
}

export interface ClusterFigures {
  figures: NetworkFigures;
  /** Why the cluster's host cannot take the network; null when it has it. */
  unavailable: string | null;
}

/** Changes rows in the same transaction that records a snapshot. */
export type RecordWith = (tx: Db) => Promise<void>;

/**
 * Where one cluster lives: on which host, as of which cycle, and what of it is on disk. Attaches the network with
 * its first use, and again from the last snapshot when the host lost it. Not safe for two callers at once: the
 * cluster's lane hands it to one step at a time.
 */
export class ClusterSeat {
  readonly uuid: string;
  readonly #resources: SeatResources;
  readonly #saves = new Serial();
  #attached: Attached | null = null;
  #mode: ClusterMode | null = null;
  #position: TaskPosition | null = null;
  #snapshot: string | null = null;
  #snapshotNumber = 0;
  /** Snapshot files whose recording failed. The database may still name one of them: its answer may have been lost. */
  #unrecorded: string[] = [];
  /** Counts changes of the network, so that a save knows whether it still holds the newest one. */
  #changes = 0;
  #savedChanges = 0;
  #directLosses = 0;
  /** Of the network as it is on its host. */
  #shortCycles = new ShortCycles();
  /** Of putting the network onto its host, and of its work there. */
  readonly #putHangs = new Hangs();
  readonly #workHangs = new Hangs();

  constructor(resources: SeatResources, uuid: string) {
    this.#resources = resources;
    this.uuid = uuid;
  }

  /** True while the network holds something that no snapshot has. */
  get dirty(): boolean {
    return this.#changes !== this.#savedChanges;
  }

  /** How often the network fell back to a snapshot that lacks cycles of direct IO. */
  get directLosses(): number {
    return this.#directLosses;
  }

  /** Figures of the last contact with the host; null before the first, or when the host has lost the network. */
  get knownFigures(): NetworkFigures | null {
    return this.#live()?.info.figures ?? null;
  }

  /** The network while a host has it. */
  get network(): { hostUuid: string; figures: NetworkFigures } | null {
    const live = this.#live();
    return live === null ? null : { hostUuid: live.host.uuid, figures: live.info.figures };
  }

  async mode(): Promise<ClusterMode> {
    if (this.#mode === null) this.#mode = (await this.#row()).mode;
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
  async ready(): Promise<Readonly<Attached>> {
    const live = this.#live();
    if (live !== null) return live;
    this.#putHangs.check();
    this.#attached = null;
    // A save in the background may be about to replace the file that the row names.
    await this.#saves.idle();
    const row = await this.#row();
    const { hosts, log } = this.#resources;
    let host = hosts.get(row.host_uuid);
    if (host === undefined) {
      host = hosts.default();
      log.warn({ cluster: this.uuid, host: row.host_uuid }, "the cluster's host is gone, using the default one");
    }
    const place = host;
    // A process that was killed starts again with the next call.
    const attached = await this.#restore(row, place).catch((error: unknown) => {
      if (error instanceof HostLostError) return this.#restore(row, place);
      throw error;
    });
    return this.#settle(row, attached);
  }

  /** Figures of the network. While its host cannot take it, those of the last snapshot, read elsewhere, and the reason. */
  async figures(): Promise<ClusterFigures> {
    try {
      return { figures: (await this.ready()).info.figures, unavailable: null };
    } catch (error) {
      // What a host could not take over in time no other one is asked to.
      if (!isUnavailable(error) || isOfKind(error, "hung")) throw error;
      const { host, info } = await this.#restore(await this.#row(), this.#resources.hosts.default());
      await this.#detach(host);
      return { figures: info.figures, unavailable: error.message };
    }
  }

  /** Cycles of this task that the network contains: 0 when none, or when the host fell back to an older snapshot. */
  async positionOf(taskUuid: string): Promise<number> {
    await this.ready();
    return this.#position?.taskUuid === taskUuid ? this.#position.cycle : 0;
  }

  /** Trains one slice. `position` is what the network contains afterwards; null outside of tasks. */
  async train(slice: TrainSlice, position: TaskPosition | null): Promise<TrainReport> {
    this.#workHangs.check();
    let report: TrainReport;
    try {
      report = await this.#call((host) => host.train(this.uuid, slice), this.#isShort(slice));
    } catch (error) {
      if (error instanceof HostError && error.kind !== "table") await this.#abandon();
      throw error;
    }
    this.#noteWork("train", slice, report.elapsedMs);
    this.#changes += 1;
    this.#position = position;
    if (this.#attached !== null) this.#attached.info = { ...this.#attached.info, figures: report.figures };
    return report;
  }

  /** Gives a part of a task's table to the host; false where that keeps none. */
  async holdTable(part: TablePart): Promise<boolean> {
    return this.#call((host) => host.holdTable(this.uuid, part));
  }

  /** Has the host forget the table. */
  async dropTable(): Promise<void> {
    const live = this.#live();
    if (live !== null) await live.host.dropTable(this.uuid);
  }

  async request(slice: RequestSlice): Promise<RequestReport> {
    this.#workHangs.check();
    const report = await this.#call((host) => host.request(this.uuid, slice), this.#isShort(slice));
    this.#noteWork("request", slice, report.elapsedMs);
    if (report.remembers) this.#changes += 1;
    return report;
  }

  #isShort(slice: RequestSlice | TrainSlice): boolean {
    return this.#shortCycles.isShort(slice, this.knownFigures?.bytes ?? Infinity);
  }

  #noteWork(kind: "train" | "request", slice: RequestSlice | TrainSlice, elapsedMs: number): void {
    const { cycles } = slice;
    this.#shortCycles.note(slice, elapsedMs);
    const { hosts, metrics } = this.#resources;
    const host = this.#attached?.host;
    if (host === undefined) return;
    const labels = { index: hosts.list().indexOf(host), type: host.type };
    metrics.computed({ cluster: this.uuid, host: labels, kind, cycles, elapsedMs });
  }

  async exportState(): Promise<Uint8Array> {
    return this.#call((host) => host.exportState(this.uuid), isSmall(this.knownFigures?.bytes ?? Infinity));
  }

  /**
   * Takes the state now and writes it in the background: `written` resolves once the file is durable and recorded,
   * together with what `record` changes. Saves of one cluster are written in the order in which they were started.
   */
  async startSave(record?: RecordWith): Promise<{ written: Promise<void> }> {
    return this.#startSave(() => this.#position, record);
  }

  async save(record?: RecordWith): Promise<void> {
    const { written } = await this.startSave(record);
    await written;
  }

  /** Saves when the task that the network was in is over. Should it fail, the network still knows how far it is in it. */
  async saveEnd(record: RecordWith): Promise<void> {
    const { written } = await this.#startSave(() => null, record);
    await written;
    this.#position = null;
  }

  /** Lets a network that has not learned anything yet begin from this seed; any other keeps its own. */
  async seedFresh(seed: number): Promise<void> {
    const { host, projectId, info } = await this.ready();
    const { cycle, sections } = info.figures;
    if (cycle > 0 || sections > 0 || info.seed === seed) return;
    this.#attached = await this.#put(host, projectId, { template: info.template, seed });
  }

  /** Puts another state, from `readNetwork`, in place of this one; the row's template follows in `save`. Nothing changes when it is refused. */
  async replace(state: Uint8Array): Promise<NetworkInfo> {
    const { host, projectId } = await this.ready();
    this.#attached = await this.#put(host, projectId, state, this.#workHangs);
    this.#position = null;
    this.#changes += 1;
    return this.#attached.info;
  }

  /**
   * Moves the network. When the target refuses or the move cannot be recorded, it stays where it is. A host that cannot
   * give it away is not waited for: then the last snapshot moves.
   */
  async moveTo(target: Host): Promise<void> {
    const row = await this.#row();
    if (row.host_uuid === target.uuid) return;
    const source = await this.#givenAway();
    const moved =
      source === null ? await this.#fromSnapshot(target) : await this.#put(target, row.project_id, source.state);
    try {
      const [recorded] = await this.#resources.db
        .update(clusters)
        .set({ host_uuid: target.uuid })
        .where(and(eq(clusters.uuid, this.uuid), isNull(clusters.deleted_at)))
        .returning({ uuid: clusters.uuid });
      if (recorded === undefined) throw notFound(`Cluster with uuid '${this.uuid}' not found`);
    } catch (error) {
      if (source === null) this.#attached = null;
      if (source?.host !== target) await this.#detach(target);
      throw error;
    }
    this.#attached = moved;
    this.#putHangs.forget();
    this.#workHangs.forget();
    if (source !== null && source.host !== target) await this.#detach(source.host);
  }

  /** Takes the network off its host, after everything that was being saved; the next use attaches the last snapshot. */
  async leave(): Promise<void> {
    await this.#saves.idle();
    await this.#abandon();
  }

  async #startSave(
    positionOfState: () => TaskPosition | null,
    record?: RecordWith,
  ): Promise<{ written: Promise<void> }> {
    const state = await this.exportState();
    // Only now: a host that was lost has just got an older state back.
    const position = positionOfState();
    const changes = this.#changes;
    return { written: this.#saves.run(() => this.#write(state, { changes, position, record })) };
  }

  #live(): Attached | null {
    const attached = this.#attached;
    return attached !== null && attached.generation === attached.host.generation ? attached : null;
  }

  /** Carries out a call to the host that has the network when it is the cluster's turn there. */
  async #call<T>(call: (host: Host) => Promise<T>, isShort = false): Promise<T> {
    const { host, projectId } = await this.ready();
    const owner = { projectId, clusterUuid: this.uuid };
    const carryOut = async () => {
      if (this.#live() === null) {
        throw new HostLostError("it ended before the cluster had its turn", { wasUnderWay: false });
      }
      return this.#workHangs.watch(call(host));
    };
    return this.#resources.hosts.queue(host).run(owner, carryOut, { isShort });
  }

  /** Puts a state, or a fresh network, onto a host when it is the cluster's turn there. */
  async #put(
    host: Host,
    projectId: string,
    content: Uint8Array | FreshNetwork,
    hangs = this.#putHangs,
  ): Promise<Attached> {
    const owner = { projectId, clusterUuid: this.uuid };
    const carryOut = async () => {
      const { generation } = host;
      this.#shortCycles = new ShortCycles();
      const put = content instanceof Uint8Array ? host.attach(this.uuid, content) : host.create(this.uuid, content);
      return { host, projectId, generation, info: await hangs.watch(put) };
    };
    const isShort = content instanceof Uint8Array ? isSmall(content.byteLength) : isQuicklyMade(content.template);
    return this.#resources.hosts.queue(host).run(owner, carryOut, { isShort });
  }

  /** The network's bytes from its host; null when that is not there. */
  async #givenAway(): Promise<{ host: Host; state: Uint8Array } | null> {
    try {
      const { host } = await this.ready();
      return { host, state: await this.exportState() };
    } catch (error) {
      if (isUnavailable(error)) return null;
      throw error;
    }
  }

  async #fromSnapshot(host: Host): Promise<Attached> {
    await this.#saves.idle();
    const row = await this.#row();
    return this.#settle(row, await this.#restore(row, host));
  }

  /** Puts what is on disk onto a host. */
  async #restore(row: ClusterRow, host: Host): Promise<Attached> {
    const { snapshot, template, seed } = row;
    const owner = { group: row.project_id, user: row.owner_uuid ?? row.owner_id };
    const state = snapshot === null ? null : await readNetwork(join(this.#resources.storage.clusters, snapshot), owner);
    return this.#put(host, row.project_id, state ?? { template, seed });
  }

  /** From now on the network is what its row tells. */
  #settle(row: ClusterRow, attached: Attached): Attached {
    this.#attached = attached;
    this.#mode = row.mode;
    this.#snapshot = row.snapshot;
    this.#snapshotNumber = Math.max(this.#snapshotNumber, snapshotNumber(row.snapshot));
    this.#position =
      row.snapshot_task_uuid === null ? null : { taskUuid: row.snapshot_task_uuid, cycle: row.snapshot_task_cycle };
    if (this.dirty && row.mode === "DIRECT") this.#directLosses += 1;
    this.#savedChanges = this.#changes;
    return attached;
  }

  async #row() {
    const [row] = await this.#resources.db
      .select()
      .from(clusters)
      .where(and(eq(clusters.uuid, this.uuid), isNull(clusters.deleted_at)));
    if (row === undefined) throw notFound(`Cluster with uuid '${this.uuid}' not found`);
    return row;
  }

  async #abandon(): Promise<void> {
    const attached = this.#attached;
    this.#attached = null;
    if (attached !== null) await this.#detach(attached.host);
  }

  async #detach(host: Host): Promise<void> {
    // A host that is gone has forgotten the network anyway.
    await host.detach(this.uuid).catch(() => undefined);
  }

  async #write(
    state: Uint8Array,
    taken: { changes: number; position: TaskPosition | null; record: RecordWith | undefined },
  ): Promise<void> {
    const { db, storage } = this.#resources;
    const file = `${this.uuid}.${++this.#snapshotNumber}.safetensors`;
    await writeDurably(join(storage.clusters, file), state);
    this.#unrecorded.push(file);
    await db.transaction(async (tx) => {
      const [row] = await tx
        .update(clusters)
        .set({
          snapshot: file,
          snapshot_task_uuid: taken.position?.taskUuid ?? null,
          snapshot_task_cycle: taken.position?.cycle ?? 0,
        })
        .where(and(eq(clusters.uuid, this.uuid), isNull(clusters.deleted_at)))
        .returning({ uuid: clusters.uuid });
      if (row === undefined) throw notFound(`Cluster with uuid '${this.uuid}' not found`);
      await taken.record?.(tx);
    });
    const outdated = this.#unrecorded.filter((name) => name !== file);
    if (this.#snapshot !== null) outdated.push(this.#snapshot);
    this.#snapshot = file;
    this.#unrecorded = [];
    this.#savedChanges = Math.max(this.#savedChanges, taken.changes);
    for (const name of outdated) await rm(join(storage.clusters, name), { force: true });
  }
}

/** `<uuid>.<n>.safetensors` → n; 0 for a cluster that was never saved. */
function snapshotNumber(file: string | null): number {
  return file === null ? 0 : Number(file.split(".")[1]);
}
