import type { Db } from "../db/client.ts";
import type { ClusterRow } from "../db/rows.ts";

/** Changes rows in the same transaction that records a snapshot. */
export type RecordWith = (tx: Db) => Promise<void>;

/** How many cycles of an unfinished task the network contains. */
export interface TaskPosition {
  taskUuid: string;
  cycle: number;
  /**
   * Takes what the task has at this position and the database lacks, to be recorded with the snapshot of it; undefined
   * for nothing. Missing for a position that a snapshot has told.
   */
  takeRecord?: () => RecordWith | undefined;
}

/** Tracks what one cluster's network contains, and whether a snapshot has all of it. */
export class NetworkProgress {
  /** Null while the network is in no task. */
  position: TaskPosition | null = null;
  /** Counts changes of the network, so that a save knows whether it still covers the newest one. */
  #changes = 0;
  #savedChanges = 0;
  /** The last change that no task repeats, and the last one by rows that a client has sent to `learn`. */
  #lastUnrepeated = 0;
  #lastRows = 0;
  #losses = 0;
  #kept = 0;
  #isRowLossUntold = false;

  /** True while no snapshot contains the network's latest changes. */
  get dirty(): boolean {
    return this.#changes !== this.#savedChanges;
  }

  get changes(): number {
    return this.#changes;
  }

  /** True while no snapshot contains the latest changes that no task repeats. */
  get isUnrepeatedAtRisk(): boolean {
    return this.#lastUnrepeated > this.#savedChanges;
  }

  /** How often the network fell back to a snapshot that lacks changes that no task repeats. */
  get losses(): number {
    return this.#losses;
  }

  /** How many of the changes the network kept in the last of its losses. */
  get kept(): number {
    return this.#kept;
  }

  /** True while rows of `learn` are lost, and no caller of it has been told. */
  get isRowLossUntold(): boolean {
    return this.#isRowLossUntold;
  }

  /** Whether rows of `learn` are lost, or would be without the network on its host, and nobody has been told. */
  get owesNews(): boolean {
    return this.#isRowLossUntold || this.#lastRows > this.#savedChanges;
  }

  rowLossTold(): void {
    this.#isRowLossUntold = false;
  }

  /** Cycles of this task that the network contains. */
  cyclesOf(taskUuid: string): number {
    return this.position?.taskUuid === taskUuid ? this.position.cycle : 0;
  }

  /** Notes a change of the network: by a task, by a cycle of direct IO, or by rows of `learn`. */
  changed(by: "task" | "direct" | "rows" = "task"): void {
    this.#changes += 1;
    if (by !== "task") this.#lastUnrepeated = this.#changes;
    if (by === "rows") this.#lastRows = this.#changes;
  }

  /** Notes a snapshot of the network as it was after this many changes. */
  saved(changes: number): void {
    this.#savedChanges = Math.max(this.#savedChanges, changes);
  }

  /** Notes that the network fell back to its last snapshot. */
  fellBack(row: ClusterRow): void {
    this.position =
      row.snapshot_task_uuid === null ? null : { taskUuid: row.snapshot_task_uuid, cycle: row.snapshot_task_cycle };
    if (this.isUnrepeatedAtRisk) {
      this.#losses += 1;
      this.#kept = this.#savedChanges;
    }
    if (this.#lastRows > this.#savedChanges) this.#isRowLossUntold = true;
    this.#savedChanges = this.#changes;
  }
}
