import type { ClusterRow } from "../db/rows.ts";

/** How many cycles of an unfinished task the network contains. */
export interface TaskPosition {
  taskUuid: string;
  cycle: number;
}

/** Tracks what one cluster's network contains, and whether a snapshot has all of it. */
export class NetworkProgress {
  /** Null while the network is in no task. */
  position: TaskPosition | null = null;
  /** Counts changes of the network, so that a save knows whether it still covers the newest one. */
  #changes = 0;
  #savedChanges = 0;
  #directLosses = 0;

  /** True while no snapshot contains the network's latest changes. */
  get dirty(): boolean {
    return this.#changes !== this.#savedChanges;
  }

  get changes(): number {
    return this.#changes;
  }

  /** How often the network fell back to a snapshot that lacks cycles of direct IO. */
  get directLosses(): number {
    return this.#directLosses;
  }

  /** Cycles of this task that the network contains. */
  cyclesOf(taskUuid: string): number {
    return this.position?.taskUuid === taskUuid ? this.position.cycle : 0;
  }

  /** Notes a change of the network. */
  changed(): void {
    this.#changes += 1;
  }

  /** Notes a snapshot of the network as it was after this many changes. */
  saved(changes: number): void {
    this.#savedChanges = Math.max(this.#savedChanges, changes);
  }

  /** Notes that the network fell back to its last snapshot. */
  fellBack(row: ClusterRow): void {
    this.position =
      row.snapshot_task_uuid === null ? null : { taskUuid: row.snapshot_task_uuid, cycle: row.snapshot_task_cycle };
    if (this.dirty && row.mode === "DIRECT") this.#directLosses += 1;
    this.#savedChanges = this.#changes;
  }
}
