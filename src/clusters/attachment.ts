import type { ClusterRow } from "../db/rows.ts";
import { HostLostError, isNoRoom } from "../hosts/host-errors.ts";
import { noRoom } from "../hosts/network-failure.ts";
import { shortageText } from "../network/memory-full-error.ts";
import type { Host, NetworkInfo } from "../hosts/host.ts";
import { isQuicklyMade, isSmall, ShortCycles } from "../hosts/short-calls.ts";
import { readClusterRow } from "./cluster-row.ts";
import { Hangs } from "./hangs.ts";
import type { NetworkResources } from "./network-resources.ts";
import type { Snapshots } from "./snapshots.ts";
import type { NetworkFigures } from "../network/network-figures.ts";

/** A network in the memory of a host. */
export interface Attached {
  host: Host;
  projectId: string;
  /** The host's generation when it took the network. */
  generation: number;
  info: NetworkInfo;
  /** The host may drop it, see `Host.markIdle`. */
  isIdle: boolean;
  /** When the host took it, in ms of `performance.now()`. */
  sinceMs: number;
}

export interface FreshNetwork {
  template: string;
  seed: number;
}

/** A network that is to be put onto a host. */
export interface NewNetwork {
  /** Called for each try. */
  read: () => Promise<Uint8Array | FreshNetwork>;
  /** Size of a state, if it is known. */
  bytes?: number | undefined;
}

interface PutOptions {
  hangs?: Hangs;
  /** See `HostRoom.enter`. */
  after?: number | undefined;
}

/**
 * Tracks which host has one cluster's network. Attaches the network on first use, and again from the last snapshot
 * after the host has lost it.
 */
export class Attachment {
  readonly uuid: string;
  /** Hangs while the network is put onto its host. */
  readonly hangs = new Hangs();
  readonly #resources: NetworkResources;
  readonly #snapshots: Snapshots;
  readonly #onRestored: (row: ClusterRow) => void;
  #attached: Attached | null = null;
  #shortCycles = new ShortCycles();
  /** The host that had no room for the network's growth, and the `changes` of its room by then. */
  #outgrown: { host: Host; changes: number } | null = null;
  #patience = new AbortController();
  #puts = 0;

  /** Calls `onRestored` with the cluster's row when a network is on the host that was not there. */
  constructor(
    resources: NetworkResources,
    uuid: string,
    { snapshots, onRestored }: { snapshots: Snapshots; onRestored: (row: ClusterRow) => void },
  ) {
    this.#resources = resources;
    this.uuid = uuid;
    this.#snapshots = snapshots;
    this.#onRestored = onRestored;
  }

  /** State at the last contact; the host may have lost the network since. */
  get attached(): Attached | null {
    return this.#attached;
  }

  /** Null before the first use and after the host has lost or dropped the network. */
  get live(): Attached | null {
    const attached = this.#attached;
    if (attached?.generation !== attached?.host.generation) return null;
    return attached?.host.has(this.uuid) === true ? attached : null;
  }

  /** Whether the network is being put onto a host, or waits for room there. */
  get isEntering(): boolean {
    return this.#puts > 0;
  }

  /** From now on the network waits for no room, until `beginWaiting`. */
  endWaiting(): void {
    this.#patience.abort();
  }

  beginWaiting(): void {
    if (this.#patience.signal.aborted) this.#patience = new AbortController();
  }

  /** Cycle times of the network on its current host. */
  get shortCycles(): ShortCycles {
    return this.#shortCycles;
  }

  row(): Promise<ClusterRow> {
    return readClusterRow(this.#resources.db, this.uuid);
  }

  /** See `ClusterNetwork.ready`. */
  async ready(): Promise<Attached> {
    const { live } = this;
    if (live !== null) return live;
    this.hangs.check();
    this.#attached = null;
    const row = await this.#settledRow();
    const host = this.#hostOf(row);
    // A host process that was killed restarts with the next call.
    const attached = await this.putSnapshot(host, row).catch((error: unknown) => {
      if (error instanceof HostLostError) return this.putSnapshot(host, row);
      throw error;
    });
    return this.#restored(row, attached);
  }

  /** Attaches the last snapshot to this host, even if the row names another one. */
  async adoptSnapshot(host: Host): Promise<Attached> {
    const row = await this.#settledRow();
    return this.#restored(row, await this.putSnapshot(host, row));
  }

  /**
   * Puts another network in the place of the one that is on the host. False when none is there, or when the host has no
   * room for both at once; then the old one stays. Like growth, this waits for nobody.
   */
  async replace(network: NewNetwork, { hangs }: { hangs: Hangs }): Promise<boolean> {
    const { live } = this;
    if (live === null) return false;
    const { host, projectId } = live;
    try {
      this.#attached = await this.#place(host, projectId, network, hangs);
    } catch (error) {
      if (isNoRoom(error)) return false;
      throw error;
    }
    this.#outgrown = null;
    this.#resources.hosts.room(host).changed();
    return true;
  }

  /** Puts a network that is not the last snapshot onto the host, where the cluster has none. Waits for room. */
  async enterAs(network: NewNetwork, { hangs }: { hangs: Hangs }): Promise<void> {
    const row = await this.#settledRow();
    this.#restored(row, await this.put(this.#hostOf(row), row.project_id, network, { hangs }));
    this.#outgrown = null;
    // They were those of the old network.
    this.hangs.forget();
  }

  /** The row, when no background save is about to replace the file that it names. */
  async #settledRow(): Promise<ClusterRow> {
    await this.#snapshots.idle();
    return this.row();
  }

  #hostOf(row: ClusterRow): Host {
    const { hosts, log } = this.#resources;
    const host = hosts.get(row.host_uuid);
    if (host !== undefined) return host;
    log.warn({ cluster: this.uuid, host: row.host_uuid }, "the cluster's host is gone, using the default one");
    return hosts.default();
  }

  #restored(row: ClusterRow, attached: Attached): Attached {
    this.#attached = attached;
    this.#onRestored(row);
    return attached;
  }

  /** Puts the last snapshot, or a fresh network if there is none, onto a host like `put`. */
  async putSnapshot(host: Host, row: ClusterRow): Promise<Attached> {
    const { template, seed, figures } = row;
    const read = async () => (await this.#snapshots.read(row)) ?? { template, seed };
    // One more change than at the failure is that the network has left.
    const after = this.#outgrown?.host === host ? this.#outgrown.changes + 1 : undefined;
    const attached = await this.put(host, row.project_id, { read, bytes: figures?.bytes }, { after });
    this.#outgrown = null;
    return attached;
  }

  /**
   * Puts a network onto a host, in the cluster's turn there, and waits for room while the host is full. The current
   * host stays in use until `take`.
   */
  async put(
    host: Host,
    projectId: string,
    network: NewNetwork,
    { hangs = this.hangs, after }: PutOptions = {},
  ): Promise<Attached> {
    const { signal } = this.#patience;
    const entrant = { projectId, clusterUuid: this.uuid, bytes: network.bytes ?? Infinity, signal };
    const attempt = () => this.#place(host, projectId, network, hangs);
    this.#puts += 1;
    try {
      const room = this.#resources.hosts.room(host);
      return await room.enter(entrant, attempt, after === undefined ? {} : { after });
    } finally {
      this.#puts -= 1;
    }
  }

  async #place(host: Host, projectId: string, { read, bytes }: NewNetwork, hangs: Hangs): Promise<Attached> {
    if (bytes !== undefined) checkFree(host, bytes);
    const network = await read();
    const carryOut = async () => {
      const { generation } = host;
      this.#shortCycles = new ShortCycles();
      const put = network instanceof Uint8Array ? host.attach(this.uuid, network) : host.create(this.uuid, network);
      const info = await hangs.watch(put);
      return { host, projectId, generation, info, isIdle: false, sinceMs: performance.now() };
    };
    const isShort = network instanceof Uint8Array ? isSmall(network.byteLength) : isQuicklyMade(network.template);
    const owner = { projectId, clusterUuid: this.uuid };
    return this.#resources.hosts.queue(host).run(owner, carryOut, { isShort });
  }

  /** Switches to the network that `put` has placed. */
  take(attached: Attached): void {
    this.#attached = attached;
  }

  /** Records the size of the network after training, as reported by the host. */
  noteFigures(figures: NetworkFigures): void {
    const attached = this.#attached;
    if (attached === null) return;
    attached.info = { ...attached.info, figures };
    this.#resources.hosts.room(attached.host).release(this.uuid);
  }

  noteEncoders(encoders: string): void {
    const attached = this.#attached;
    if (attached !== null) attached.info = { ...attached.info, encoders };
  }

  /** Lets the host drop the network until it changes. Call it only while the last snapshot equals it. */
  markIdle(): void {
    const { live } = this;
    if (live === null || live.isIdle) return;
    live.isIdle = true;
    // A lost host has no network to drop.
    const marked = live.host.markIdle(this.uuid).catch(() => undefined);
    const room = this.#resources.hosts.room(live.host);
    room.release(this.uuid);
    // The reply tells what is free now.
    void marked.then(() => room.changed());
  }

  /** Keeps the network on its host, if it is still there. */
  async markBusy(): Promise<void> {
    const { live } = this;
    if (live?.isIdle !== true) return;
    // The next use attaches the network if it is gone.
    const isThere = await live.host.markBusy(this.uuid).catch(() => false);
    live.isIdle = false;
    if (!isThere && this.#attached === live) this.#attached = null;
  }

  /** Notes that the host had no room for the network's growth: it waits before it tries again. */
  outgrown(): void {
    const { live } = this;
    if (live !== null) this.#outgrown = { host: live.host, changes: this.#resources.hosts.room(live.host).changes };
  }

  /** The next use attaches the network again. */
  forget(): void {
    this.#attached = null;
  }

  /** Detaches the network from its host; the next use attaches the last snapshot. */
  async abandon(): Promise<void> {
    const attached = this.#attached;
    this.#attached = null;
    if (attached !== null) await this.detachFrom(attached.host);
  }

  async detachFrom(host: Host): Promise<void> {
    // A lost host has no network to detach.
    await host.detach(this.uuid).catch(() => undefined);
    const room = this.#resources.hosts.room(host);
    if (this.#outgrown?.host !== host) room.release(this.uuid);
    room.changed();
  }
}

/**
 * Throws HostError `crowded` when a CPU host has certainly no room for a state, which is then not even read. What is
 * free on a GPU is known only approximately.
 */
function checkFree({ type, lastStatus }: Host, bytes: number): void {
  if (type === "gpu" || lastStatus === null) return;
  const { memoryBytesTotal: total, memoryBytesFree: free } = lastStatus;
  // The host itself refuses for good what is larger than its budget.
  if (bytes <= free || bytes > total) return;
  throw noRoom(shortageText(total, free, bytes), "crowded");
}
