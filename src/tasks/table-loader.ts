import type { Host } from "../hosts/host.ts";
import { TABLE_PART_UNIT, type TablePart } from "../network/run.ts";
import type { SliceSource } from "./slice-source.ts";

const PART_BYTES = 8 * 1024 * 1024;

/** Sends the rows of a task to a host that keeps them, so that slices only name the rows they use. */
export class TableLoader {
  readonly #source: SliceSource;
  readonly #key: string;
  #host: Host | null = null;
  #generation = 0;
  #loaded = 0;
  #isRefused = false;

  /** `key` is the uuid of the task. */
  constructor(source: SliceSource, key: string) {
    this.#source = source;
    this.#key = key;
  }

  /** True when, to our knowledge, a host has a part of the table. */
  get isBegun(): boolean {
    return this.#loaded > 0;
  }

  /** True when, to our knowledge, a host has the whole table. */
  get isComplete(): boolean {
    return !this.#isRefused && this.#loaded === this.#source.rows;
  }

  /**
   * The next part for the network's current host, if the remaining `cyclesLeft` cycles use each row more than once;
   * null when nothing has to be sent.
   */
  async next(host: Host, cyclesLeft: number): Promise<TablePart | null> {
    const isKnown = host === this.#host && host.generation === this.#generation;
    if (!isKnown) this.forget(host);
    if (!host.keepsTables || this.#isRefused || this.isComplete || cyclesLeft <= this.#source.period) return null;
    const { rows: rowsTotal, bytesPerCycle } = this.#source;
    const wanted = Math.floor(PART_BYTES / Math.max(1, bytesPerCycle * TABLE_PART_UNIT)) * TABLE_PART_UNIT;
    const first = this.#loaded;
    const rows = Math.min(Math.max(TABLE_PART_UNIT, wanted), rowsTotal - first);
    return { key: this.#key, rowsTotal, first, rows, ...this.#source.spread(await this.#source.readRows(first, rows)) };
  }

  /** Notes the host's answer to a part. The host may also have lost the earlier parts. */
  answered({ first, rows }: { first: number; rows: number }, isKept: boolean): void {
    this.#isRefused = !isKept && first === 0;
    this.#loaded = isKept ? first + rows : 0;
  }

  /** Starts again: the whole table has to be sent to this host. */
  forget(host: Host | null = null): void {
    this.#host = host;
    this.#generation = host?.generation ?? 0;
    this.#loaded = 0;
    this.#isRefused = false;
  }
}
