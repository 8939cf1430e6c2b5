import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterRow } from "../db/rows.ts";
import { writeDurably } from "../files/durable-file.ts";
import type { NetworkFigures } from "../network/network-figures.ts";
import { updateClusterRow } from "./cluster-row.ts";
import type { NetworkProgress, RecordWith, TaskPosition } from "./network-progress.ts";
import type { NetworkResources } from "./network-resources.ts";
import { readNetwork } from "./read-network.ts";
import { Serial } from "./serial.ts";

/** A state of the network that becomes a snapshot. */
interface TakenState {
  state: Uint8Array;
  /** See `NetworkProgress`. */
  changes: number;
  position: TaskPosition | null;
  figures: NetworkFigures;
  /** Called one after another. */
  records: readonly RecordWith[];
}

/** The snapshots of one cluster's network: writes them, one after another, and reads the one that its row names. */
export class Snapshots {
  readonly #resources: NetworkResources;
  readonly #uuid: string;
  readonly #progress: NetworkProgress;
  readonly #writes = new Serial();
  /** Name of the file that the row names. */
  #file: string | null = null;
  #number = 0;
  /** Files whose recording failed. The database may still name one of them, because its answer may have been lost. */
  #unrecorded: string[] = [];
  /** Files that the next snapshot removes. */
  #outdated: string[] = [];

  constructor(resources: NetworkResources, uuid: string, progress: NetworkProgress) {
    this.#resources = resources;
    this.#uuid = uuid;
    this.#progress = progress;
  }

  /** True when nothing is being written, and the database is known to name the last snapshot. */
  get isSettled(): boolean {
    return this.#writes.isIdle && this.#unrecorded.length === 0;
  }

  /** Resolves when all pending writes have ended. */
  async idle(): Promise<void> {
    await this.#writes.idle();
  }

  /** Reads the snapshot that the row names, see `readNetwork`; null for a network that was never saved. */
  async read({ snapshot, project_id, owner_uuid, owner_id }: ClusterRow): Promise<Uint8Array<ArrayBuffer> | null> {
    if (snapshot === null) return null;
    const owner = { group: project_id, user: owner_uuid ?? owner_id };
    return readNetwork(join(this.#resources.storage.clusters, snapshot), owner);
  }

  /** Takes over the snapshot that this row names. */
  follow({ snapshot }: ClusterRow): void {
    const known = this.#file === null ? this.#unrecorded : [...this.#unrecorded, this.#file];
    this.#outdated.push(...known.filter((name) => name !== snapshot));
    this.#unrecorded = [];
    this.#file = snapshot;
    this.#number = Math.max(this.#number, numberOf(snapshot));
  }

  /** Resolves once the file is durable and recorded. Snapshots are written in the order of these calls. */
  write(taken: TakenState): Promise<void> {
    return this.#writes.run(() => this.#write(taken));
  }

  async #write({ state, changes, position, figures, records }: TakenState): Promise<void> {
    const { db, storage } = this.#resources;
    const file = `${this.#uuid}.${++this.#number}.safetensors`;
    await writeDurably(join(storage.clusters, file), state);
    this.#unrecorded.push(file);
    await db.transaction(async (tx) => {
      await updateClusterRow(tx, this.#uuid, {
        snapshot: file,
        snapshot_task_uuid: position?.taskUuid ?? null,
        snapshot_task_cycle: position?.cycle ?? 0,
        figures,
      });
      for (const record of records) await record(tx);
    });
    const outdated = [...this.#outdated, ...this.#unrecorded.filter((name) => name !== file)];
    if (this.#file !== null) outdated.push(this.#file);
    this.#file = file;
    this.#outdated = [];
    this.#unrecorded = [];
    this.#progress.saved(changes);
    for (const name of outdated) await rm(join(storage.clusters, name), { force: true });
  }
}

/** `<uuid>.<n>.safetensors` → n; 0 for a cluster that was never saved. */
function numberOf(file: string | null): number {
  return file === null ? 0 : Number(file.split(".")[1]);
}
