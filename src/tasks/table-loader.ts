import type { Host, TablePart } from "../hosts/host.ts";
import type { SliceSource } from "./slice-source.ts";

const PART_BYTES = 8 * 1024 * 1024;
/** Parts begin at multiples of this; see `TablePart`. */
const PART_ROWS_UNIT = 4;

/** Brings the rows of a task to a host that keeps them, so that slices only say which rows they take. */
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

  /** A host has a part of the table, as far as is known here. */
  get isBegun(): boolean {
    return this.#loaded > 0;
  }

  /** A host has the whole table, as far as is known here. */
  get isComplete(): boolean {
    return !this.#isRefused && this.#loaded === this.#source.rows;
  }

  /**
   * The next part for the host that the network is on now, when `cyclesLeft` cycles will need each row more than once;
   * null when there is nothing to bring.
   */
  async next(host: Host, cyclesLeft: number): Promise<TablePart | null> {
    const isKnown = host === this.#host && host.generation === this.#generation;
    if (!isKnown) this.forget(host);
    if (!host.keepsTables || this.#isRefused || this.isComplete || cyclesLeft <= this.#source.period) return null;
    const { rows: rowsTotal, bytesPerCycle } = this.#source;
    const wanted = Math.floor(PART_BYTES / Math.max(1, bytesPerCycle * PART_ROWS_UNIT)) * PART_ROWS_UNIT;
    const first = this.#loaded;
    const rows = Math.min(Math.max(PART_ROWS_UNIT, wanted), rowsTotal - first);
    return { key: this.#key, rowsTotal, first, rows, ...(await this.#source.readRows(first, rows)) };
  }

  /** What the host said to a part. It may also have lost the ones before. */
  answered({ first, rows }: { first: number; rows: number }, isKept: boolean): void {
    this.#isRefused = !isKept && first === 0;
    this.#loaded = isKept ? first + rows : 0;
  }

  /** The table has to be brought again, to this host. */
  forget(host: Host | null = null): void {
    this.#host = host;
    this.#generation = host?.generation ?? 0;
    this.#loaded = 0;
    this.#isRefused = false;
  }
}
